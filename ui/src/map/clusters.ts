/** Sites into clusters that know their faults. Pure, so that its figures can be tested. */
import Supercluster from "supercluster";
import type { Site } from "@/api/types";

export interface Tally {
  sites: number;
  channels: number;
  /** Channels that are not online and not unknown. */
  lost: number;
  unknown: number;
}

export interface Spot {
  lon: number;
  lat: number;
  tally: Tally;
  /** Set when the spot is one single site. */
  site: Site | null;
  clusterId: number | null;
}

/** A site that has a place: the others are in the tray of what is not placed. */
export type PlacedSite = Site & { lon: number; lat: number };

export const isPlaced = (site: Site): site is PlacedSite => site.lon !== null && site.lat !== null;

/** How bad a spot is by the share of channels lost: none, some, many (from a fifth on), or nothing known. */
export type Severity = "good" | "some" | "many" | "unknown";

export function tallyOf(site: Site): Tally {
  const missing = site.total - site.online;
  const unknown = site.unknown ?? (site.state === "unknown" ? missing : 0);
  return { sites: 1, channels: site.total, lost: missing - unknown, unknown };
}

export function severity(tally: Tally): Severity {
  if (tally.lost > 0) return tally.lost / tally.channels >= 0.2 ? "many" : "some";
  return tally.unknown > 0 && tally.unknown === tally.channels ? "unknown" : "good";
}

export function add(into: Tally, more: Tally): void {
  into.sites += more.sites;
  into.channels += more.channels;
  into.lost += more.lost;
  into.unknown += more.unknown;
}

type Box = [west: number, south: number, east: number, north: number];

export class SiteIndex {
  private readonly index: Supercluster<{ site: Site } & Tally, Tally>;

  constructor(sites: readonly PlacedSite[]) {
    this.index = new Supercluster({
      radius: 58,
      maxZoom: 16,
      map: ({ sites: n, channels, lost, unknown }) => ({ sites: n, channels, lost, unknown }),
      reduce: add,
    });
    this.index.load(
      sites.map((site) => ({
        type: "Feature",
        properties: { site, ...tallyOf(site) },
        geometry: { type: "Point", coordinates: [site.lon, site.lat] },
      })),
    );
  }

  spots(box: Box, zoom: number): Spot[] {
    return this.index.getClusters(box, Math.floor(zoom)).map((feature) => {
      const [lon = 0, lat = 0] = feature.geometry.coordinates;
      const { sites, channels, lost, unknown } = feature.properties;
      const clusterId = (feature.properties as { cluster_id?: number }).cluster_id;
      return {
        lon,
        lat,
        tally: { sites, channels, lost, unknown },
        site: "site" in feature.properties ? feature.properties.site : null,
        clusterId: clusterId ?? null,
      };
    });
  }

  /** The zoom at which a cluster falls apart. */
  expansionZoom(clusterId: number): number {
    return this.index.getClusterExpansionZoom(clusterId);
  }
}
