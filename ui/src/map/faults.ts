/** Which sites are broken, worst first. */
import type { Site } from "@/api/types";

/** Sites with an offline or partly offline state: dark ones before half-dark ones, then by channels lost. */
export function faultSites(sites: readonly Site[]): Site[] {
  return sites
    .filter((site) => site.state === "offline" || site.state === "partial")
    .sort(
      (a, b) =>
        Number(b.state === "offline") - Number(a.state === "offline") ||
        b.total - b.online - (a.total - a.online) ||
        (a.id < b.id ? -1 : 1),
    );
}
