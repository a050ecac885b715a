/** The base map from PMTiles: which archive fits the city, and how its layers look. */
import { PMTilesVectorSource } from "ol-pmtiles";
import type { FeatureLike } from "ol/Feature";
import VectorTileLayer from "ol/layer/VectorTile";
import { Fill, Stroke, Style, Text } from "ol/style";
import { FONT, type Palette } from "./palette";

export interface BaseMap {
  file: string;
  bounds: [west: number, south: number, east: number, north: number];
}

/** The smallest map that holds all points; null when none does (a city without a base map still shows its sites). */
export function chooseBaseMap(maps: readonly BaseMap[], points: readonly { lon: number; lat: number }[]): BaseMap | null {
  const holds = ({ bounds: [west, south, east, north] }: BaseMap): boolean =>
    points.every(({ lon, lat }) => lon >= west && lon <= east && lat >= south && lat <= north);
  const area = ({ bounds: [west, south, east, north] }: BaseMap): number => (east - west) * (north - south);
  return maps.filter(holds).sort((a, b) => area(a) - area(b))[0] ?? null;
}

export function baseLayer(file: string): VectorTileLayer {
  return new VectorTileLayer({
    declutter: "base",
    background: "transparent",
    source: new PMTilesVectorSource({ url: new URL(file, location.origin).href }),
    zIndex: 0,
  });
}

const AREAS: Record<string, keyof Palette> = { block: "block", park: "park", water: "water" };

export function baseStyle(palette: Palette, locale: string, pixelRatioZoom: (resolution: number) => number) {
  const areas = new Map<string, Style>();
  for (const [layer, color] of Object.entries(AREAS)) {
    areas.set(layer, new Style({ fill: new Fill({ color: palette[color] }), zIndex: layer === "water" ? 2 : 1 }));
  }
  const outline = new Style({
    stroke: new Stroke({ color: palette.district, width: 1.2, lineDash: [7, 5] }),
    zIndex: 6,
  });
  return (feature: FeatureLike, resolution: number): Style | Style[] | undefined => {
    const layer = String(feature.get("layer"));
    if (layer === "district") return outline;
    if (layer === "road") return roadStyle(feature, pixelRatioZoom(resolution), palette, locale);
    if (layer === "label") return labelStyle(feature, pixelRatioZoom(resolution), palette, locale);
    return areas.get(layer);
  };
}

function roadStyle(feature: FeatureLike, zoom: number, palette: Palette, locale: string): Style[] {
  const avenue = feature.get("class") === "avenue";
  const width = Math.max(avenue ? 1.6 : 0.7, (avenue ? 7.5 : 4) * 2 ** (zoom - 16));
  const made = [
    new Style({ stroke: new Stroke({ color: palette.roadCase, width: width + 1.5 }), zIndex: 3 }),
    new Style({ stroke: new Stroke({ color: avenue ? palette.avenue : palette.road, width }), zIndex: avenue ? 5 : 4 }),
  ];
  if (zoom >= (avenue ? 14.6 : 16)) {
    made.push(
      new Style({
        text: new Text({
          text: String(feature.get(locale === "en" ? "name_en" : "name_zh") ?? ""),
          placement: "line",
          repeat: 420,
          font: `400 11px ${FONT}`,
          fill: new Fill({ color: palette.text }),
          stroke: new Stroke({ color: palette.halo, width: 3 }),
        }),
      }),
    );
  }
  return made;
}

function labelStyle(feature: FeatureLike, zoom: number, palette: Palette, locale: string): Style | undefined {
  const kind = String(feature.get("class"));
  if (zoom < Number(feature.get("from") ?? 0) || zoom > Number(feature.get("to") ?? 24)) return undefined;
  return new Style({
    text: new Text({
      text: String(feature.get(locale === "en" ? "name_en" : "name_zh") ?? ""),
      font: kind === "district" ? `600 15px ${FONT}` : `400 12px ${FONT}`,
      fill: new Fill({ color: kind === "water" ? palette.waterText : palette.text }),
      stroke: new Stroke({ color: palette.halo, width: 3 }),
    }),
  });
}
