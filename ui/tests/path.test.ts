import { describe, expect, it } from "vitest";
import { layout, type PathEdge, type PathNode } from "@/path/layout";
import { pathStates } from "@/path/states";

const SIZES = { width: 100, height: 40, gapX: 20, gapY: 30 };

/** transformer → feed → cabinet → cameras, core → olt → onu → cameras; the cabinet feeds the ONU too. */
const LAYERS: Record<string, number> = { tr: 0, core: 0, feed: 1, olt: 1, cab: 2, fibre: 2, onu: 3, cam1: 4, cam2: 4, cam3: 4 };
const nodes = Object.entries(LAYERS).map(([id, layer]) => ({ id, layer, kind: id.startsWith("cam") ? "device" : id }));
const edge = (upper: string, lower: string, medium: string) => ({ upper, lower, medium });
const edges = [
  edge("tr", "feed", "power"),
  edge("feed", "cab", "power"),
  edge("core", "olt", "fibre"),
  edge("olt", "fibre", "fibre"),
  edge("fibre", "onu", "fibre"),
  edge("cab", "onu", "power"),
  ...["cam1", "cam2", "cam3"].flatMap((cam) => [edge("cab", cam, "power"), edge("onu", cam, "fibre")]),
];

/** A seeded city of layers: edges go down only, some skip layers. */
function graph(seed: number): { nodes: PathNode[]; edges: PathEdge[] } {
  let state = seed * 2654435761 + 1;
  const next = (below: number): number => (state = (state * 1103515245 + 12345) % 2147483648) % below;
  const made: PathNode[] = Array.from({ length: 4 + next(30) }, (_, n) => ({ id: `n${n}`, layer: next(6) }));
  const joined: PathEdge[] = [];
  for (let n = 0; n < made.length * 2; n += 1) {
    const [a, b] = [made[next(made.length)], made[next(made.length)]];
    if (a !== undefined && b !== undefined && a.layer < b.layer) joined.push({ upper: a.id, lower: b.id });
  }
  return { nodes: made, edges: joined };
}

describe("the layout of a path", () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))("keeps boxes apart and inside, edges from box to box (%i)", (seed) => {
    const made = graph(seed);
    const placed = layout(made.nodes, made.edges, SIZES);
    const at = new Map(placed.nodes.map((each) => [each.node.id, each]));
    for (const one of placed.nodes) {
      expect(one.x - SIZES.width / 2).toBeGreaterThanOrEqual(-1e-6);
      expect(one.x + SIZES.width / 2).toBeLessThanOrEqual(placed.width + 1e-6);
      expect(one.y + SIZES.height).toBeLessThanOrEqual(placed.height);
      for (const other of placed.nodes) {
        if (other === one || other.y !== one.y) continue;
        expect(Math.abs(other.x - one.x)).toBeGreaterThanOrEqual(SIZES.width + SIZES.gapX - 1e-6);
      }
    }
    for (const { edge: drawn, points } of placed.edges) {
      const [upper, lower] = [at.get(drawn.upper), at.get(drawn.lower)];
      expect(points[0]).toEqual({ x: upper?.x, y: (upper?.y ?? 0) + SIZES.height });
      expect(points.at(-1)).toEqual({ x: lower?.x, y: lower?.y });
      expect(points.map((point) => point.y)).toEqual(points.map((point) => point.y).sort((a, b) => a - b));
    }
  });

  it("is the same for the same graph, and empty for an empty one", () => {
    expect(layout(nodes, edges, SIZES)).toEqual(layout(nodes, edges, SIZES));
    expect(layout([], [], SIZES)).toMatchObject({ nodes: [], edges: [], height: 0, width: 0 });
  });

  it("leaves out an edge to a node that is not shown", () => {
    expect(layout([{ id: "a", layer: 0 }], [{ upper: "gone", lower: "a" }], SIZES).edges).toEqual([]);
  });

  it("puts power and fibre of a site side by side", () => {
    const placed = layout(nodes, edges, SIZES);
    const x = (id: string): number => placed.nodes.find((each) => each.node.id === id)?.x ?? Number.NaN;
    expect(Math.sign(x("tr") - x("core"))).toBe(Math.sign(x("cab") - x("fibre")));
  });
});

describe("states on a path", () => {
  const good = { state: "good" as const, since: null };
  const bad = { state: "bad" as const, since: "2026-03-02T01:00:00Z" };
  const cut = { id: "o1", place: "feed", started_at: "2026-03-02T00:59:00Z" };

  it("marks the failing element and what goes dark with it", () => {
    const told = pathStates(nodes, edges, [cut], new Map([["cam1", bad], ["cam2", bad], ["cam3", bad]]));
    expect(told.get("feed")).toEqual({ state: "failed", since: cut.started_at, cause: "o1" });
    expect(told.get("cab")).toEqual({ state: "dark", since: cut.started_at, cause: "o1" });
    expect(told.get("onu")?.state).toBe("dark");
    expect(told.get("cam1")).toEqual({ ...bad, cause: "o1" });
    expect(told.get("tr")?.state).toBe("quiet");
    expect(told.get("olt")?.state).toBe("quiet");
  });

  it("says good of what a working device hangs on", () => {
    const told = pathStates(nodes, edges, [], new Map([["cam1", good]]));
    expect([told.get("tr")?.state, told.get("core")?.state, told.get("onu")?.state]).toEqual(["good", "good", "good"]);
  });

  it("lets no inference overrule a device that is heard", () => {
    expect(pathStates(nodes, edges, [cut], new Map([["cam1", good]])).get("cam1")).toEqual({ ...good, cause: null });
  });

  it("tells a reserve from darkness", () => {
    const second = [...edges, edge("tr2", "cab", "power")];
    const all = [...nodes, { id: "tr2", layer: 0, kind: "transformer" }];
    const told = pathStates(all, second, [cut], new Map());
    expect([told.get("cab")?.state, told.get("onu")?.state]).toEqual(["strained", "quiet"]);
  });
});
