/** Who is logged in, and the server's clock against ours. The session itself is an HttpOnly cookie no script can read. */
import { defineStore } from "pinia";
import { computed, ref, watch } from "vue";
import { ApiError, getJson, postJson, remove } from "@/api/client";
import type { Session } from "@/api/types";

const LATER = "civicam.password-later";

export const useSession = defineStore("session", () => {
  const session = ref<Session | null>(null);
  const known = ref(false);
  const clockOffsetMs = ref(0);
  /** The dialog was put off: for this tab, reloads included. */
  const passwordLater = ref(sessionStorage.getItem(LATER) !== null);
  watch(passwordLater, (later) => (later ? sessionStorage.setItem(LATER, "1") : sessionStorage.removeItem(LATER)));

  const signedIn = computed(() => session.value !== null);
  const askPassword = computed(() => session.value?.must_set_password === true && !passwordLater.value);

  function accept(value: Session, askedAt: number): void {
    session.value = value;
    known.value = true;
    const here = (askedAt + Date.now()) / 2;
    const there = Date.parse(value.server.time);
    // Within the uncertainty of one round trip the clocks are the same: do not add noise.
    const offset = Number.isNaN(there) ? 0 : there - here;
    clockOffsetMs.value = Math.abs(offset) < 1000 ? 0 : offset;
  }

  async function restore(): Promise<void> {
    const asked = Date.now();
    try {
      accept(await getJson<Session>("/api/session"), asked);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      forget();
    }
  }

  async function byLink(token: string): Promise<void> {
    const asked = Date.now();
    accept(await postJson<Session>("/api/session/link", { token }), asked);
  }

  async function byPassword(name: string, password: string): Promise<void> {
    const asked = Date.now();
    accept(await postJson<Session>("/api/session", { name, password }), asked);
  }

  async function setPassword(password: string): Promise<void> {
    await postJson<unknown>("/api/account/password", { password });
    if (session.value !== null) session.value = { ...session.value, must_set_password: false };
  }

  async function signOut(): Promise<void> {
    await remove("/api/session");
    forget();
  }

  function forget(): void {
    session.value = null;
    known.value = true;
  }

  return {
    session,
    known,
    clockOffsetMs,
    passwordLater,
    signedIn,
    askPassword,
    restore,
    byLink,
    byPassword,
    setPassword,
    signOut,
    forget,
  };
});
