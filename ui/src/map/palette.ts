/** Colours of the map in both themes. The base map stays quiet: the brightest thing on it is a fault. */
export interface Palette {
  background: string;
  district: string;
  block: string;
  park: string;
  water: string;
  waterText: string;
  road: string;
  roadCase: string;
  avenue: string;
  text: string;
  halo: string;
  ok: string;
  okFill: string;
  warn: string;
  warnFill: string;
  fault: string;
  faultFill: string;
  unknown: string;
  unknownFill: string;
  ink: string;
  select: string;
}

export const PALETTES: Record<"dark" | "light", Palette> = {
  dark: {
    background: "#0c1218",
    district: "#3d5266",
    block: "#121a22",
    park: "#12241d",
    water: "#0f2538",
    waterText: "#47739b",
    road: "#243240",
    roadCase: "#0c1218",
    avenue: "#344658",
    text: "#7d91a5",
    halo: "#0c1218",
    ok: "#43b98f",
    okFill: "#12312a",
    warn: "#f2ab3c",
    warnFill: "#3b2c10",
    fault: "#ff6161",
    faultFill: "#4a1b1f",
    unknown: "#8797a8",
    unknownFill: "#202b36",
    ink: "#f2f6fa",
    select: "#4e9cff",
  },
  light: {
    background: "#eceff2",
    district: "#93a3b4",
    block: "#f6f7f8",
    park: "#dbead8",
    water: "#bfdaf0",
    waterText: "#4f7ca6",
    road: "#ffffff",
    roadCase: "#d3dae1",
    avenue: "#ffffff",
    text: "#5d6d7e",
    halo: "#ffffff",
    ok: "#19805b",
    okFill: "#e2f3ec",
    warn: "#b06a00",
    warnFill: "#fff0d2",
    fault: "#cf2222",
    faultFill: "#ffdede",
    unknown: "#66768a",
    unknownFill: "#e6ebf0",
    ink: "#16212c",
    select: "#1463c2",
  },
};

export const FONT =
  '"Segoe UI", "PingFang SC", "Microsoft YaHei UI", "Noto Sans CJK SC", "Noto Sans SC", system-ui, sans-serif';
