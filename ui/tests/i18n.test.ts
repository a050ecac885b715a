import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CLIENT_CODES } from "@/live/reason";
import en from "@/i18n/en";
import zh from "@/i18n/zh-CN";

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, prefix = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") out.set(prefix + key, value);
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) out.set(inner, text);
  }
  return out;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "i18n" ? [] : sources(path);
    return /\.(ts|vue)$/.test(entry.name) ? [readFileSync(path, "utf8")] : [];
  });
}

const chinese = flat(zh);
const english = flat(en);
const code = sources(join(import.meta.dirname, "..", "src")).join("\n");

/** Keys written out (`t("a.b")`, or any string that is a key), and prefixes of keys put together (`a.b.${x}`). */
const written = new Set([...code.matchAll(/["'`]([a-z]\w*(?:\.[\w-]+)+)["'`]/g)].map((match) => match[1] ?? ""));
const prefixes = [...new Set([...code.matchAll(/`([a-z]\w*(?:\.[\w-]+)*\.)\$\{/g)].map((match) => match[1] ?? ""))];

describe("texts", () => {
  it("are the same in both languages, key by key", () => {
    expect([...english.keys()]).toEqual([...chinese.keys()]);
  });

  it("name the same data in both languages", () => {
    const names = (text = ""): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "").sort();
    for (const [key, text] of chinese) expect(names(english.get(key)), key).toEqual(names(text));
  });

  it("are none of them empty, and English holds no Chinese but the name of the language", () => {
    for (const [key, text] of [...chinese, ...english]) expect(text, key).not.toBe("");
    const mixed = [...english].filter(([key, text]) => /\p{Script=Han}/u.test(text) && key !== "shell.toLanguage");
    expect(mixed).toEqual([]);
  });

  it("are there for every key the code asks for", () => {
    const roots = new Set(Object.keys(zh));
    const used = [...code.matchAll(/\bt\(\s*["'`]([\w.-]+)["'`]/g)].map((match) => match[1] ?? "");
    const asked = [...used, ...[...written].filter((key) => /^(keys|nav|login|lost)\./.test(key))];
    const missing = asked.filter((key) => roots.has(key.split(".")[0] ?? "") && !chinese.has(key));
    expect(missing).toEqual([]);
    expect(used.filter((key) => !roots.has(key.split(".")[0] ?? ""))).toEqual([]);
    for (const prefix of prefixes.filter((prefix) => roots.has(prefix.split(".")[0] ?? ""))) {
      expect([...chinese.keys()].some((key) => key.startsWith(prefix)), prefix).toBe(true);
    }
  });

  it("are all used", () => {
    const unused = [...chinese.keys()].filter(
      (key) => !written.has(key) && !prefixes.some((prefix) => key.startsWith(prefix)),
    );
    expect(unused).toEqual([]);
  });

  it("say every reason the player itself gives", () => {
    for (const reason of CLIENT_CODES) expect(chinese.has(`reason.${reason.replace(".", "_")}`), reason).toBe(true);
    const raised = new Set([...code.matchAll(/["'](player\.[a-z-]+)["']/g)].map((match) => match[1] ?? ""));
    expect(new Set([...CLIENT_CODES].filter((name) => name.startsWith("player.")))).toEqual(raised);
  });
});
