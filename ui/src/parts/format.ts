/** How times, figures and names read. Times are Asia/Shanghai wherever the browser stands. */
import type { Text } from "@/api/types";

const CLOCK = new Intl.DateTimeFormat("en-CA", {
  timeZone: "Asia/Shanghai",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** `YYYY-MM-DD HH:mm:ss` in Asia/Shanghai; "–" for nothing. */
export function dateTime(at: string | number | Date | null | undefined): string {
  if (at === null || at === undefined || at === "") return "–";
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "–";
  const parts = Object.fromEntries(CLOCK.formatToParts(date).map((part) => [part.type, part.value]));
  return `${parts["year"]}-${parts["month"]}-${parts["day"]} ${parts["hour"]}:${parts["minute"]}:${parts["second"]}`;
}

/** What a person typed as `YYYY-MM-DD HH:mm` (seconds optional) as a moment with its zone; "" for anything else. */
export function houseTime(typed: string): string {
  const found = /^\s*(\d{4}-\d{2}-\d{2})[ T]+(\d{1,2}:\d{2})(:\d{2})?\s*$/.exec(typed);
  if (found === null) return "";
  const moment = `${found[1]}T${(found[2] ?? "").padStart(5, "0")}${found[3] ?? ":00"}+08:00`;
  return Number.isNaN(Date.parse(moment)) ? "" : moment;
}

/** `HH:mm:ss` in Asia/Shanghai. */
export function clockTime(at: string | number | Date): string {
  return dateTime(at).slice(11);
}

/** Seconds as `42 s`, `3:07` or `2:03:07`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export function count(value: number): string {
  return new Intl.NumberFormat("en-US").format(value);
}

/** A share as percent; `–` when there is nothing to divide by: a figure that cannot be computed is not a zero. */
export function percent(part: number, whole: number, digits = 1): string {
  if (whole === 0) return "–";
  // Never round 99.97 % up to a clean 100.
  const factor = 10 ** digits;
  return `${(Math.floor((part / whole) * 100 * factor) / factor).toFixed(digits)}%`;
}

/** Bit rate with the unit that reads best. */
export function bitrate(kbps: number): string {
  return kbps >= 1000 ? `${(kbps / 1000).toFixed(kbps >= 100_000 ? 0 : 1)} Mbit/s` : `${Math.round(kbps)} kbit/s`;
}

/** The name in `locale`; plain strings (what a device calls itself) stay as they are. */
export function nameOf(name: Text | string | null | undefined, locale: string): string {
  if (name === null || name === undefined) return "–";
  if (typeof name === "string") return name;
  return locale === "en" ? name.en || name.zh : name.zh || name.en;
}
