/** What a visitor of the demonstration may break, as `civicam/web/api/demo.py` gives it. */
import { getJson, postJson, request } from "@/api/client";

export const BREAKS = ["power", "fibre", "device"] as const;
export type BreakKind = (typeof BREAKS)[number];

export interface Demo {
  targets: { kind: BreakKind; id: string; name: string }[];
  broken: { fault: number; kind: string; target: string; name: string }[];
}

export const demoKeys = { faults: ["demo", "faults"] } as const;

export const readDemo = (): Promise<Demo> => getJson<Demo>("/api/demo/faults");
export const breakIt = (kind: BreakKind, target: string): Promise<Demo> => postJson<Demo>("/api/demo/faults", { kind, target });
export const mendAll = async (): Promise<Demo> => (await (await request("DELETE", "/api/demo/faults")).json()) as Demo;
