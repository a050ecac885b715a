/** Reads the simulator's strip from what is on the screen: its age is the whole way, from the scene to this pane. */
import { CELLS, decodeStrip, stripAge, stripBox } from "./player/strip";

export type Picture = HTMLCanvasElement | HTMLVideoElement | HTMLImageElement;

function sizeOf(picture: Picture): [number, number] {
  if (picture instanceof HTMLVideoElement) return [picture.videoWidth, picture.videoHeight];
  if (picture instanceof HTMLImageElement) return [picture.naturalWidth, picture.naturalHeight];
  return [picture.width, picture.height];
}

let pen: CanvasRenderingContext2D | null = null;

/** Milliseconds from the scene to the screen; null for a picture without a strip (every real camera). */
export function sceneAge(picture: Picture, now: number): number | null {
  pen ??= Object.assign(document.createElement("canvas"), { width: CELLS, height: 1 }).getContext("2d", {
    willReadFrequently: true,
  });
  const [width, height] = sizeOf(picture);
  if (pen === null || width < 80) return null;
  const { x, y, cell } = stripBox(width, height);
  // The middle of every cell, one pixel each.
  pen.imageSmoothingEnabled = false;
  pen.drawImage(picture, x, y + cell / 2, CELLS * cell, 1, 0, 0, CELLS, 1);
  const pixels = pen.getImageData(0, 0, CELLS, 1).data;
  const luma = Array.from({ length: CELLS }, (_, index) => pixels[index * 4 + 1] ?? 0);
  const strip = decodeStrip(luma);
  return strip === null ? null : stripAge(strip.ms, now);
}
