/** What this desktop remembers: language, theme, the narrow navigation. Nothing personal, nothing leaves the machine. */
import { defineStore } from "pinia";
import { computed, ref, watch, watchEffect } from "vue";
import { i18n, type Locale } from "@/i18n";

export type Theme = "system" | "dark" | "light";

const KEY = "civicam.prefs";

interface Saved {
  theme?: Theme;
  locale?: Locale;
  narrow?: boolean;
}

function load(): Saved {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Saved;
  } catch {
    return {};
  }
}

export const usePrefs = defineStore("prefs", () => {
  const saved = load();
  const theme = ref<Theme>(saved.theme ?? "system");
  const locale = ref<Locale>(saved.locale ?? (navigator.language.startsWith("zh") ? "zh-CN" : "en"));
  const narrow = ref(saved.narrow ?? window.innerWidth < 1500);

  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const systemDark = ref(system.matches);
  system.addEventListener("change", (event) => (systemDark.value = event.matches));
  const dark = computed(() => (theme.value === "system" ? systemDark.value : theme.value === "dark"));

  watchEffect(() => {
    document.documentElement.classList.toggle("dark", dark.value);
    document.documentElement.classList.toggle("light", !dark.value);
    document.documentElement.lang = locale.value;
    i18n.global.locale.value = locale.value;
  });
  watch([theme, locale, narrow], () => {
    localStorage.setItem(KEY, JSON.stringify({ theme: theme.value, locale: locale.value, narrow: narrow.value }));
  });

  const cycleTheme = (): void => {
    // From "as the system" the first press gives the opposite of what is shown: a press is always seen.
    theme.value = dark.value ? "light" : "dark";
  };
  const toggleLocale = (): void => {
    locale.value = locale.value === "zh-CN" ? "en" : "zh-CN";
  };
  return { theme, locale, narrow, dark, cycleTheme, toggleLocale };
});
