import { describe, expect, it } from "vitest";
import type { SiteState } from "@/api/types";
import { chooseBaseMap, type BaseMap } from "@/map/basemap";
import { isPlaced, severity, SiteIndex, tallyOf, type PlacedSite } from "@/map/clusters";
import { faultSites } from "@/map/faults";

const site = (id: string, online: number, total: number, state: SiteState, lon = 118.43): PlacedSite => ({
  id,
  name: { zh: id, en: id },
  district: "340202",
  lon,
  lat: 31.35,
  kind: "camera",
  online,
  total,
  state,
});

describe("places", () => {
  it("are what a site has that stands on the map", () => {
    const here = site("here", 1, 1, "online");
    expect([here, { ...here, lon: null, lat: null }].filter(isPlaced)).toEqual([here]);
  });
});

describe("faults", () => {
  it("come dark ones first, then by channels lost; healthy and unknown sites are no faults", () => {
    const sites = [
      site("half", 1, 9, "partial"),
      site("good", 3, 3, "online"),
      site("dark1", 0, 1, "offline"),
      site("who knows", 0, 2, "unknown"),
      site("dark4", 0, 4, "offline"),
    ];
    expect(faultSites(sites).map(({ id }) => id)).toEqual(["dark4", "dark1", "half"]);
  });
});

describe("clusters", () => {
  it("add up their sites and never lose a fault", () => {
    const index = new SiteIndex([
      site("a", 2, 2, "online"),
      site("b", 0, 4, "offline", 118.4301),
      site("c", 0, 3, "unknown", 118.4302),
    ]);
    const [spot, ...others] = index.spots([118, 31, 119, 32], 10);
    expect(others).toEqual([]);
    expect(spot?.tally).toEqual({ sites: 3, channels: 9, lost: 4, unknown: 3 });
    expect(spot?.site).toBeNull();
    expect(index.expansionZoom(spot?.clusterId ?? 0)).toBeGreaterThan(10);
  });
  it("fall apart when near", () => {
    const index = new SiteIndex([site("a", 1, 1, "online"), site("b", 1, 1, "online", 118.44)]);
    const spots = index.spots([118, 31, 119, 32], 17);
    expect(spots.map((spot) => spot.site?.id).sort()).toEqual(["a", "b"]);
  });
  it.each([
    [{ sites: 9, channels: 100, lost: 0, unknown: 0 }, "good"],
    [{ sites: 9, channels: 100, lost: 1, unknown: 0 }, "some"],
    [{ sites: 9, channels: 100, lost: 20, unknown: 0 }, "many"],
    [{ sites: 1, channels: 4, lost: 0, unknown: 4 }, "unknown"],
    [{ sites: 2, channels: 4, lost: 0, unknown: 1 }, "good"],
  ] as const)("%j is %s", (tally, want) => {
    expect(severity(tally)).toBe(want);
  });
  it("count what is unknown as neither good nor lost", () => {
    expect(tallyOf(site("x", 0, 3, "unknown"))).toEqual({ sites: 1, channels: 3, lost: 0, unknown: 3 });
    expect(tallyOf(site("y", 1, 3, "partial"))).toEqual({ sites: 1, channels: 3, lost: 2, unknown: 0 });
  });
});

describe("base map", () => {
  const maps: BaseMap[] = [
    { file: "city", bounds: [118, 31, 119, 32] },
    { file: "district", bounds: [118.4, 31.3, 118.5, 31.4] },
  ];
  it("is the smallest that holds every site, or none", () => {
    expect(chooseBaseMap(maps, [{ lon: 118.43, lat: 31.35 }])?.file).toBe("district");
    expect(chooseBaseMap(maps, [{ lon: 118.43, lat: 31.35 }, { lon: 118.9, lat: 31.9 }])?.file).toBe("city");
    expect(chooseBaseMap(maps, [{ lon: 0, lat: 0 }])).toBeNull();
  });
});
