/** What a cause took away, drawn over the spots, which recede: lines of power and fibre, a halo around each site, its place. */
import Feature from "ol/Feature";
import { createEmpty, extend, isEmpty, type Extent } from "ol/extent";
import LineString from "ol/geom/LineString";
import Point from "ol/geom/Point";
import VectorLayer from "ol/layer/Vector";
import { fromLonLat } from "ol/proj";
import VectorSource from "ol/source/Vector";
import { Fill, RegularShape, Stroke, Style, Text } from "ol/style";
import CircleStyle from "ol/style/Circle";
import type { CauseMap } from "./cause";
import type { PlacedSite } from "./clusters";
import { FONT, type Palette } from "./palette";

export class CauseLayer {
  private readonly source = new VectorSource();
  readonly layer = new VectorLayer({ source: this.source, zIndex: 12, updateWhileInteracting: true });
  private shown: { cause: CauseMap; sites: readonly PlacedSite[] } | null = null;

  /** Draws it; returns the ground it covers, null for nothing. */
  draw(cause: CauseMap | null, sites: readonly PlacedSite[], palette: Palette): Extent | null {
    this.source.clear(true);
    this.shown = cause === null ? null : { cause, sites };
    if (cause === null) return null;
    const extent = createEmpty();
    const points = new Map(cause.nodes.map((node) => [node.id, fromLonLat([node.lon, node.lat])]));
    const features: Feature[] = [];
    for (const line of cause.lines) {
      const [upper, lower] = [points.get(line.upper), points.get(line.lower)];
      if (upper === undefined || lower === undefined) continue;
      const feature = new Feature(new LineString([upper, lower]));
      feature.setStyle(lineStyle(line.medium, line.backup, palette));
      features.push(feature);
    }
    const places = new Map(sites.map((site) => [site.id, site]));
    const halo = haloStyle(palette);
    for (const { site_id } of cause.sites) {
      const site = places.get(site_id);
      if (site === undefined) continue;
      const feature = new Feature(new Point(fromLonLat([site.lon, site.lat])));
      feature.setStyle(halo);
      features.push(feature);
    }
    const own = cause.nodes[0];
    if (own !== undefined) {
      const feature = new Feature(new Point(fromLonLat([own.lon, own.lat])));
      feature.setStyle(placeStyle(own.name, palette));
      features.push(feature);
    }
    for (const feature of features) {
      const geometry = feature.getGeometry();
      if (geometry !== undefined) extend(extent, geometry.getExtent());
    }
    this.source.addFeatures(features);
    return isEmpty(extent) ? null : extent;
  }

  /** The same in other colours. */
  recolour(palette: Palette): void {
    if (this.shown !== null) this.draw(this.shown.cause, this.shown.sites, palette);
  }
}

function lineStyle(medium: string, backup: boolean, palette: Palette): Style {
  const color = medium === "power" ? palette.warn : palette.select;
  return new Style({
    stroke: new Stroke({ color, width: 2, ...(backup ? { lineDash: [7, 6] } : {}) }),
    zIndex: 1,
  });
}

function haloStyle(palette: Palette): Style {
  return new Style({
    image: new CircleStyle({ radius: 9, fill: new Fill({ color: `${palette.fault}55` }), stroke: new Stroke({ color: palette.fault, width: 1.5 }) }),
    zIndex: 2,
  });
}

function placeStyle(name: string, palette: Palette): Style {
  return new Style({
    image: new RegularShape({
      points: 4,
      angle: Math.PI / 4,
      radius: 14,
      fill: new Fill({ color: palette.fault }),
      stroke: new Stroke({ color: palette.ink, width: 2 }),
    }),
    text: new Text({
      text: name,
      font: `700 13px ${FONT}`,
      offsetY: -22,
      fill: new Fill({ color: palette.ink }),
      stroke: new Stroke({ color: palette.halo, width: 4 }),
    }),
    zIndex: 3,
  });
}
