/** How spots are drawn: shape and colour both say the state; the ring of a cluster is the share of channels lost. */
import { Fill, Icon, RegularShape, Stroke, Style, Text } from "ol/style";
import CircleStyle from "ol/style/Circle";
import { nameOf } from "@/parts/format";
import { severity, type Spot } from "./clusters";
import { FONT, type Palette } from "./palette";

// Names are drawn only when near, those of broken sites earlier: they are what somebody looks for.
const NAME_ZOOM = { healthy: 16.7, broken: 15 };

const RANK: Record<string, number> = { offline: 3, partial: 2, unknown: 1, online: 0 };

const cache = new Map<string, Style[]>();

export function clearMarks(): void {
  cache.clear();
}

export interface Look {
  palette: Palette;
  locale: string;
  zoom: number;
  selected: string | null;
}

export function markStyles(spot: Spot, look: Look): Style[] {
  const selected = spot.site !== null && spot.site.id === look.selected;
  if (spot.site === null) return clusterStyles(spot, look.palette);
  const broken = spot.site.state === "offline" || spot.site.state === "partial";
  const named = selected || look.zoom >= (broken ? NAME_ZOOM.broken : NAME_ZOOM.healthy);
  const name = named ? nameOf(spot.site.name, look.locale) : "";
  const key = `${spot.site.state} ${selected} ${name}`;
  let styles = cache.get(key);
  if (styles === undefined) {
    styles = siteStyles(spot.site.state, name, selected, look.palette);
    cache.set(key, styles);
  }
  return styles;
}

function clusterStyles(spot: Spot, palette: Palette): Style[] {
  const { tally } = spot;
  const kind = severity(tally);
  const share = tally.lost === 0 ? 0 : Math.max(tally.lost / tally.channels, 0.06);
  const radius = Math.round(15 + 4.2 * Math.log2(tally.sites + 1));
  const key = `c${radius} ${kind} ${share.toFixed(2)} ${tally.sites} ${tally.lost}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const ring = kind === "many" ? palette.fault : kind === "some" ? palette.warn : palette.ok;
  const styles = [
    new Style({
      image: new Icon({ img: ringImage(radius, share, kind, ring, palette), size: [radius * 4, radius * 4], scale: 0.5, declutterMode: "none" }),
      text: new Text({
        declutterMode: "none",
        text: String(tally.sites),
        font: `600 ${radius > 28 ? 15 : 13}px ${FONT}`,
        fill: new Fill({ color: palette.ink }),
        offsetY: tally.lost > 0 ? -6 : 1,
      }),
    }),
  ];
  if (tally.lost > 0) {
    styles.push(
      new Style({
        text: new Text({
          declutterMode: "none",
          text: `▲${tally.lost}`,
          font: `700 11px ${FONT}`,
          fill: new Fill({ color: ring }),
          offsetY: 8,
        }),
      }),
    );
  }
  cache.set(key, styles);
  return styles;
}

/** A disc with a ring whose bright part is the share lost, drawn at twice the size for sharp edges. */
function ringImage(radius: number, share: number, kind: string, ring: string, palette: Palette): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const size = radius * 4;
  canvas.width = size;
  canvas.height = size;
  const pen = canvas.getContext("2d");
  if (pen === null) return canvas;
  const middle = size / 2;
  const outer = radius * 2 - 6;
  pen.beginPath();
  pen.arc(middle, middle, outer, 0, 2 * Math.PI);
  pen.fillStyle = kind === "many" ? palette.faultFill : kind === "some" ? palette.warnFill : palette.okFill;
  if (kind === "unknown") pen.fillStyle = palette.unknownFill;
  pen.fill();
  pen.lineWidth = 7;
  pen.strokeStyle = kind === "unknown" ? palette.unknown : palette.ok;
  pen.globalAlpha = kind === "good" ? 0.75 : 0.45;
  if (kind === "unknown") pen.setLineDash([10, 8]);
  pen.stroke();
  pen.globalAlpha = 1;
  if (share > 0) {
    pen.beginPath();
    pen.arc(middle, middle, outer, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * share);
    pen.lineWidth = 10;
    pen.strokeStyle = ring;
    pen.stroke();
  }
  return canvas;
}

function siteStyles(state: string, name: string, selected: boolean, palette: Palette): Style[] {
  const styles: Style[] = [];
  if (selected) {
    styles.push(
      new Style({
        image: new CircleStyle({
          radius: 15,
          fill: new Fill({ color: `${palette.select}33` }),
          stroke: new Stroke({ color: palette.select, width: 2.5 }),
          declutterMode: "none",
        }),
      }),
    );
  }
  const text =
    name === ""
      ? null
      : new Text({
          text: name,
          font: `${selected ? 600 : 400} 12px ${FONT}`,
          offsetY: 20,
          fill: new Fill({ color: palette.ink }),
          stroke: new Stroke({ color: palette.halo, width: 3.5 }),
        });
  // The names of broken sites go first when there is not room for all.
  const style = new Style({ image: siteShape(state, palette), zIndex: RANK[state] ?? 0 });
  if (text !== null) style.setText(text);
  styles.push(style);
  return styles;
}

function siteShape(state: string, palette: Palette): RegularShape | CircleStyle {
  const edge = new Stroke({ color: palette.halo, width: 1.5 });
  // Names make room for each other; a mark is never left out.
  const declutterMode = "none";
  if (state === "offline") {
    return new RegularShape({ points: 3, radius: 11, fill: new Fill({ color: palette.fault }), stroke: edge, declutterMode });
  }
  if (state === "partial") {
    return new RegularShape({ points: 4, radius: 9.5, fill: new Fill({ color: palette.warn }), stroke: edge, declutterMode });
  }
  if (state === "online") {
    return new CircleStyle({ radius: 5.5, fill: new Fill({ color: palette.ok }), stroke: edge, declutterMode });
  }
  return new CircleStyle({
    radius: 5.5,
    fill: new Fill({ color: palette.unknownFill }),
    stroke: new Stroke({ color: palette.unknown, width: 2, lineDash: [3, 2.5] }),
    declutterMode,
  });
}
