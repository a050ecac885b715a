/** What the pages read, cached by vue-query under keys that the event stream refreshes. */
import { useQuery } from "@tanstack/vue-query";
import { computed, toValue, type MaybeRefOrGetter } from "vue";
import { getJson } from "./client";
import type {
  Channel,
  ChannelPage,
  Hit,
  LiveStream,
  Party,
  RegisterLists,
  Site,
  Situation,
  Source,
  System,
  TreeNode,
} from "./types";

export const keys = {
  situation: ["situation"],
  sites: ["sites"],
  channels: ["channels"],
  tree: ["tree"],
  streams: ["streams"],
  sources: ["sources"],
  system: ["system"],
  registerLists: ["register", "lists"],
  parties: ["register", "parties"],
} as const;

export const useSituation = () =>
  useQuery({ queryKey: keys.situation, queryFn: () => getJson<Situation>("/api/situation"), refetchInterval: 30_000 });

export const useSites = () =>
  useQuery({
    queryKey: keys.sites,
    queryFn: async () => (await getJson<{ sites: Site[] }>("/api/sites")).sites,
    refetchInterval: 60_000,
  });

export const useSite = (id: MaybeRefOrGetter<string | null>) =>
  useQuery({
    queryKey: computed(() => [...keys.sites, toValue(id)]),
    queryFn: () => getJson<{ site?: Site; channels: Channel[] }>(`/api/sites/${toValue(id)}`),
    enabled: computed(() => toValue(id) !== null),
  });

export interface ChannelFilter {
  q: string;
  state: string;
  district: string;
  /** State of the channel as a whole, or of `leg`. */
  usable: string;
  leg: string;
  after: string;
  limit: number;
}

export const useChannels = (filter: MaybeRefOrGetter<ChannelFilter>) =>
  useQuery({
    queryKey: computed(() => [...keys.channels, "page", toValue(filter)]),
    queryFn: () => getJson<ChannelPage>("/api/channels", { ...toValue(filter) }),
    placeholderData: (old) => old,
  });

export const useStreams = () =>
  useQuery({
    queryKey: keys.streams,
    queryFn: async () => (await getJson<{ streams: LiveStream[] }>("/api/live")).streams,
    refetchInterval: 5_000,
  });

export const useRegisterLists = () =>
  useQuery({ queryKey: keys.registerLists, queryFn: () => getJson<RegisterLists>("/api/register/lists") });

export const useParties = () =>
  useQuery({
    queryKey: keys.parties,
    queryFn: async () =>
      (await getJson<{ parties: { party: Party }[] }>("/api/register/parties")).parties.map(({ party }) => party),
  });

export const useSources = () =>
  useQuery({
    queryKey: keys.sources,
    queryFn: async () => (await getJson<{ sources: Source[] }>("/api/sources")).sources,
    refetchInterval: 15_000,
  });

export const useSystem = () =>
  useQuery({ queryKey: keys.system, queryFn: () => getJson<System>("/api/system"), refetchInterval: 5_000 });

export const fetchTree = async (parent: string): Promise<TreeNode[]> =>
  (await getJson<{ nodes: TreeNode[] }>("/api/tree", { parent })).nodes;

export const fetchHits = async (q: string): Promise<Hit[]> =>
  (await getJson<{ hits: Hit[] }>("/api/search", { q })).hits;

export const fetchChannel = (id: string): Promise<Channel> => getJson<Channel>(`/api/channels/${id}`);
