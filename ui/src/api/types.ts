/** The server's JSON, as documented in docs/reference/http-api.md. */

import type { ImportNews } from "@/exchange/api";
import type { Alarm } from "@/alarms/api";

export interface Text {
  zh: string;
  en: string;
}

export type ChannelState = "online" | "offline" | "unknown";
export type SiteState = ChannelState | "partial";

export interface Session {
  user: { id: string; name: string; display: string; roles: string[] };
  must_set_password: boolean;
  server: {
    version: string;
    demo: boolean;
    time: string;
    city: { name: Text; center: [number, number] } | null;
  };
}

export interface Counts {
  total: number;
  online: number;
  offline: number;
  unknown: number;
}

export interface Transition {
  at: string;
  device_id: string;
  name: string;
  before: ChannelState;
  after: ChannelState;
  reason: string | null;
}

export interface Situation {
  sites: number;
  devices: Counts;
  channels: Counts;
  streams: { open: number; viewers: number; kbps: number };
  recent: Transition[];
}

export interface TreeNode {
  id: string;
  kind: "district" | "street" | "site" | "device" | "channel";
  name: Text;
  online: number;
  total: number;
  state: SiteState;
  gb_id?: string;
  has_children: boolean;
}

/** An entry of a list of the register; `forbidden` places are refused. */
export interface Choice {
  code: string;
  zh: string;
  en: string;
  basis: string;
  forbidden: boolean;
}

export interface RegisterLists {
  places: Choice[];
  grounds: Choice[];
  purposes: Choice[];
}

export interface Party {
  party_id: string;
  kind: string;
  name: string;
  contact: string;
}

export interface Site {
  id: string;
  name: Text | string;
  district: string;
  /** WGS-84 degrees; null while it has no place. */
  lon: number | null;
  lat: number | null;
  kind: string;
  online: number;
  total: number;
  /** Where it was counted: of a moment that has passed. */
  unknown?: number;
  state: SiteState;
}

export interface Channel {
  id: string;
  gb_id: string;
  name: string;
  device_id: string;
  device_name: string;
  device_gb_id: string;
  site_id: string | null;
  site_name: Text | string | null;
  district: string | null;
  protocol: "gb28181" | "rtsp";
  state: ChannelState;
  reason: string | null;
  since: string | null;
  ptz: boolean;
  streams: ("main" | "sub")[];
  last_seen: string | null;
}

export interface ChannelPage {
  channels: Channel[];
  next: string | null;
  total: number;
}

export interface Hit {
  kind: "site" | "device" | "channel" | "district";
  id: string;
  name: Text | string;
  gb_id: string | null;
  detail: Text | string | null;
}

export interface LiveTicket {
  session_id: string;
  stream_id: string;
  door: { port: number; path: string };
  ticket: string;
  expires_in_s: number;
}

export interface LiveStream {
  stream_id: string;
  channel_id: string | null;
  name: string;
  codec: string | null;
  width: number;
  height: number;
  kbps: number;
  fps: number;
  loss: number;
  jitter_ms: number;
  viewers: number;
  warnings: string[];
}

export interface Source {
  id: string;
  name: string;
  url: string;
  username: string | null;
  site_id: string | null;
  state: ChannelState;
  reason: string | null;
}

export interface System {
  components: { name: string; state: string; detail: Text | string | null }[];
  workers: Record<string, unknown>[];
  version: string;
  uptime_s: number;
}

export type LiveEvent =
  | { type: "alarm"; alarms: Alarm[] }
  | { type: "outage"; outages: string[] }
  | ({ type: "import" } & ImportNews)
  | { type: "presence"; device_id: string; state: ChannelState; channels: string[]; at: string }
  | ({ type: "situation" } & Situation)
  | { type: "stream"; [key: string]: unknown }
  | { type: "catalogue"; device_id: string; channels: string[]; at: string }
  | { type: "ping" };
