/** The register, power and fibre, agents: as `civicam/web/api/{register,sites,graph,agents}.py` give them. */
import { useQuery } from "@tanstack/vue-query";
import { computed, toValue, type MaybeRefOrGetter } from "vue";
import { getJson } from "@/api/client";
import type { Party, Text } from "@/api/types";
import type { Dark } from "@/works/api";

export const ROLES = ["owner", "maintainer", "power", "carrier"] as const;
export type RoleName = (typeof ROLES)[number];
export const PARTY_KINDS = ["government", "contractor", "power-company", "carrier", "third-party", "other"] as const;
export const SITE_KINDS = ["camera", "dome", "checkpoint", "highpoint", "third-party"] as const;
export const CAMERA_KINDS = ["fixed", "dome", "hd-sdi", "checkpoint", "highpoint", "third-party"] as const;
export const SYSTEMS = ["wgs84", "gcj02", "bd09"] as const;
export const SOURCES = ["survey", "manual", "import", "catalogue"] as const;
export const DOUBTS = ["blank", "unreadable", "swapped", "outside", "gcj02-shift", "bd09-shift", "shared"] as const;
export const NODE_KINDS = [
  "transformer", "meter_box", "feed", "cabinet", "ups", "odf", "fibre", "splitter", "olt", "onu", "switch", "core", "device", "channel",
] as const;
export const MEDIA = ["power", "fibre", "logical"] as const;

export interface CameraRecord {
  kind: string;
  place: string;
  ground: string;
  purpose: string;
  owner_id: string;
  filed_on: string | null;
  filing_no: string;
  ground_note: string;
  lane: number;
}

export interface CameraRow {
  channel_id: string;
  gb_id: string;
  name: string;
  site_id: string | null;
  record: CameraRecord | null;
  gaps: string[];
  dark: string;
  grace_until: string | null;
  filing_due: string | null;
}

export interface Statement {
  source: (typeof SOURCES)[number];
  raw_lon: string;
  raw_lat: string;
  system: (typeof SYSTEMS)[number];
  surveyed_on: string | null;
  at: string | null;
  by: string;
  lon: number | null;
  lat: number | null;
  counts: boolean;
}

export interface SiteSheet {
  site_id: string;
  form: { name: Text; district: string; street: string; kind: string; lanes: number | null };
  lon: number | null;
  lat: number | null;
  parties: Partial<Record<RoleName, string>>;
}

export interface Area {
  code: string;
  name: Text;
  /** Empty: a district. */
  district: string;
}

export interface PartyUse {
  party: Party;
  cameras: number;
  sites: number;
  nodes: number;
}

export interface Suspicion {
  row: {
    kind: "site" | "channel";
    subject: string;
    doubt: (typeof DOUBTS)[number];
    source: (typeof SOURCES)[number];
    raw_lon: string;
    raw_lat: string;
    system: string;
    lon: number | null;
    lat: number | null;
    off_m: number | null;
    remedy: { raw_lon: string; raw_lat: string; system: string; lon: number; lat: number } | null;
  };
  name: Text;
}

export interface Suspicions {
  suspicious: Suspicion[];
  next: number | null;
  counts: Partial<Record<(typeof DOUBTS)[number], number>>;
  accepted: number;
}

export interface Unplaced {
  site_id: string;
  name_zh: string;
  name_en: string;
  channels: number;
  lon: number | null;
  lat: number | null;
}

export interface Calibration {
  decided: boolean;
  fits: { system: string; swapped: boolean; residuals: number[]; worst: number }[];
}

export interface GraphNode {
  id: string;
  kind: (typeof NODE_KINDS)[number];
  name: string;
  site_id: string | null;
  battery_minutes: number;
  party_id: string | null;
  lon: number | null;
  lat: number | null;
}

export interface Edge {
  upper: string;
  lower: string;
  medium: (typeof MEDIA)[number];
  backup: boolean;
}

export interface NodePage {
  nodes: GraphNode[];
  next: string | null;
  total: number;
}

export interface NodeDetail {
  node: GraphNode;
  above: Edge[];
  below: Edge[];
  paths: { medium: string; backup: boolean; nodes: string[] }[];
  ways: Record<string, number>;
  ancestors: number;
  descendants: number;
  around: GraphNode[];
}

export interface Agent {
  node_id: string;
  host: string;
  port: number;
  version: "none" | "2c" | "3";
  icmp: boolean;
  ups: boolean;
  ports: { index: string; node_id: string }[];
}

export interface Answer {
  icmp: boolean | null;
  snmp: boolean | null;
  answered_at: string | null;
  code: string;
  why: Text | null;
  findings: { node_id: string; node_name: string; what: string; at: string; source: string; detail: string }[];
}

export interface AgentRow {
  agent: Agent;
  node_name: string;
  answer: Answer | null;
}

export const registerKeys = { register: ["register"], graph: ["graph"], agents: ["agents"] } as const;

export const useSheet = (id: MaybeRefOrGetter<string>) =>
  useQuery({
    queryKey: computed(() => [...registerKeys.register, "sheet", toValue(id)]),
    queryFn: () => getJson<SiteSheet>(`/api/register/sites/${encodeURIComponent(toValue(id))}`),
  });

export const useAreas = () =>
  useQuery({
    queryKey: [...registerKeys.register, "areas"],
    queryFn: async () => (await getJson<{ places: Area[] }>("/api/register/areas")).places,
  });

export const usePartyUses = () =>
  useQuery({
    queryKey: [...registerKeys.register, "party-uses"],
    queryFn: async () => (await getJson<{ parties: PartyUse[] }>("/api/register/parties")).parties,
  });

export const useStatements = (kind: "site" | "channel", id: MaybeRefOrGetter<string>) =>
  useQuery({
    queryKey: computed(() => [...registerKeys.register, "statements", kind, toValue(id)]),
    queryFn: async () =>
      (await getJson<{ statements: Statement[] }>(`/api/register/places/${kind}/${encodeURIComponent(toValue(id))}`)).statements,
  });

export interface NodeFilter {
  q: string;
  kind: string;
  site_id: string;
  party_id: string;
  after: string;
  limit: number;
}

export const useNodes = (filter: MaybeRefOrGetter<NodeFilter>) =>
  useQuery({
    queryKey: computed(() => [...registerKeys.graph, "page", toValue(filter)]),
    queryFn: () => getJson<NodePage>("/api/graph/nodes", { ...toValue(filter) }),
    placeholderData: (old) => old,
  });

export const useNode = (id: MaybeRefOrGetter<string>) =>
  useQuery({
    queryKey: computed(() => [...registerKeys.graph, "one", toValue(id)]),
    queryFn: () => getJson<NodeDetail>(`/api/graph/nodes/${encodeURIComponent(toValue(id))}`),
  });

export type { Dark };
