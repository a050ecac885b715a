/** What each node on a site's paths is: failing, dark because of it, on reserve, good. Pure. */
export type PathState = "failed" | "dark" | "strained" | "good" | "bad" | "unknown" | "quiet";

export interface Told {
  state: PathState;
  since: string | null;
  /** The cause that says so. */
  cause: string | null;
}

export interface StatedNode {
  id: string;
  kind: string;
  layer: number;
}

export interface StatedEdge {
  upper: string;
  lower: string;
  medium: string;
}

export interface Failing {
  id: string;
  place: string;
  started_at: string;
}

/**
 * `devices`: what is known of the site's devices by their channels, which no inference overrides. A node that is
 * none is dark when one of its media has nothing left above it (as in `civicam/fleet/topology.py`), on reserve when
 * only part is left, and good when a device below it works: something flows through it; of one
 * without any such sign nothing speaks against it, and that is all that is said.
 */
export function pathStates(
  nodes: readonly StatedNode[],
  edges: readonly StatedEdge[],
  failing: readonly Failing[],
  devices: ReadonlyMap<string, { state: "good" | "bad" | "unknown"; since: string | null }>,
): Map<string, Told> {
  const causes = new Map(failing.map((each) => [each.place, each]));
  const works = working(edges, [...devices].filter(([, { state }]) => state === "good").map(([id]) => id));
  const found = new Map<string, Told>();
  for (const node of [...nodes].sort((a, b) => a.layer - b.layer)) {
    const cause = causes.get(node.id);
    const device = devices.get(node.id);
    const above = edges.filter((edge) => edge.lower === node.id);
    const lost = lostMedium(above, found);
    if (cause !== undefined) found.set(node.id, { state: "failed", since: cause.started_at, cause: cause.id });
    else if (device !== undefined) {
      found.set(node.id, { ...device, cause: device.state === "bad" ? (lost.cause ?? null) : null });
    } else if (lost.whole) found.set(node.id, { state: "dark", since: lost.since, cause: lost.cause });
    else if (lost.some) found.set(node.id, { state: "strained", since: lost.since, cause: lost.cause });
    else found.set(node.id, { state: works.has(node.id) ? "good" : "quiet", since: null, cause: null });
  }
  return found;
}

interface Lost {
  whole: boolean;
  some: boolean;
  since: string | null;
  cause: string | null;
}

function lostMedium(above: readonly StatedEdge[], found: ReadonlyMap<string, Told>): Lost {
  const gone = (edge: StatedEdge): boolean => ["failed", "dark"].includes(found.get(edge.upper)?.state ?? "");
  const lost = above.filter(gone);
  const first = lost.map((edge) => found.get(edge.upper)).find((told) => told !== undefined);
  const media = [...new Set(lost.map((edge) => edge.medium))];
  return {
    whole: media.some((medium) => above.filter((edge) => edge.medium === medium).every(gone)),
    some: lost.length > 0,
    since: first?.since ?? null,
    cause: first?.cause ?? null,
  };
}

/** Everything above the devices that work. */
function working(edges: readonly StatedEdge[], devices: readonly string[]): Set<string> {
  const found = new Set<string>();
  const waiting = [...devices];
  for (let each = waiting.pop(); each !== undefined; each = waiting.pop()) {
    for (const edge of edges) {
      if (edge.lower !== each || found.has(edge.upper)) continue;
      found.add(edge.upper);
      waiting.push(edge.upper);
    }
  }
  return found;
}
