import { expect, it } from "vitest";
import { bitrate, clockTime, count, dateTime, duration, nameOf, percent } from "@/parts/format";

it("shows times of Asia/Shanghai wherever the browser stands", () => {
  expect(dateTime("2026-11-23T16:00:00Z")).toBe("2026-11-24 00:00:00");
  expect(dateTime("2026-06-30T23:59:59+08:00")).toBe("2026-06-30 23:59:59");
  expect(clockTime("2026-11-23T15:59:07Z")).toBe("23:59:07");
  expect([dateTime(null), dateTime(""), dateTime("soon")]).toEqual(["–", "–", "–"]);
});

it("never rounds a fault away, and never divides by nothing", () => {
  expect(percent(9999, 10000)).toBe("99.9%");
  expect(percent(10000, 10000)).toBe("100.0%");
  expect(percent(0, 7)).toBe("0.0%");
  expect(percent(0, 0)).toBe("–");
});

it("reads well", () => {
  expect([duration(0), duration(59.9), duration(187), duration(7387)]).toEqual(["0 s", "59 s", "3:07", "2:03:07"]);
  expect([bitrate(640), bitrate(3900), bitrate(234_567)]).toEqual(["640 kbit/s", "3.9 Mbit/s", "235 Mbit/s"]);
  expect(count(5892)).toBe("5,892");
});

it("takes the name of the language, the other when there is none, and plain names as they are", () => {
  expect(nameOf({ zh: "星湖路", en: "Xinghu Road" }, "en")).toBe("Xinghu Road");
  expect(nameOf({ zh: "星湖路", en: "" }, "en")).toBe("星湖路");
  expect(nameOf("枪机01", "en")).toBe("枪机01");
  expect(nameOf(null, "zh-CN")).toBe("–");
});
