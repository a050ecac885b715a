/**
 * Where the nodes of a site's power and fibre stand: layers from the sources down to the devices. Pure.
 *
 * Our own and not elkjs: the server gives the layers already, a site has a dozen to some sixty nodes, and what is
 * left (order in a layer, places, bends of long edges) is this page of code against 1.4 MB in the console.
 * The order follows Sugiyama: long edges get a stand-in in each layer they cross, then sweeps put every node near
 * the middle of its neighbours; crossings are counted and the best order seen is kept.
 */
export interface PathNode {
  id: string;
  layer: number;
}

export interface PathEdge {
  upper: string;
  lower: string;
}

export interface Point {
  x: number;
  y: number;
}

export interface Placed<N, E> {
  nodes: { node: N; x: number; y: number }[];
  /** `points` from the upper node's lower edge to the lower node's upper edge. */
  edges: { edge: E; points: Point[] }[];
  width: number;
  height: number;
}

export interface Sizes {
  width: number;
  height: number;
  /** Between neighbours in a layer, and between layers. */
  gapX: number;
  gapY: number;
}

const SWEEPS = 8;
const STAND_IN_WIDTH = 24;

interface Item {
  key: string;
  layer: number;
  width: number;
  x: number;
  up: Item[];
  down: Item[];
}

export function layout<N extends PathNode, E extends PathEdge>(nodes: readonly N[], edges: readonly E[], sizes: Sizes): Placed<N, E> {
  const items = new Map<string, Item>();
  const make = (key: string, layer: number, width: number): Item => {
    const item: Item = { key, layer, width, x: 0, up: [], down: [] };
    items.set(key, item);
    return item;
  };
  for (const node of nodes) make(node.id, node.layer, sizes.width);
  const chains: { edge: E; chain: Item[] }[] = [];
  edges.forEach((edge, number) => {
    const [upper, lower] = [items.get(edge.upper), items.get(edge.lower)];
    if (upper === undefined || lower === undefined) return;
    const chain = [upper];
    for (let layer = upper.layer + 1; layer < lower.layer; layer += 1) chain.push(make(`~${number}~${layer}`, layer, STAND_IN_WIDTH));
    chain.push(lower);
    chain.forEach((item, place) => {
      const next = chain[place + 1];
      if (next === undefined) return;
      item.down.push(next);
      next.up.push(item);
    });
    chains.push({ edge, chain });
  });
  const layers = order(items);
  place(layers, sizes);
  const all = [...items.values()];
  const left = Math.min(0, ...all.map((item) => item.x - item.width / 2));
  for (const item of all) item.x -= left;
  const step = sizes.height + sizes.gapY;
  return {
    nodes: nodes.map((node) => ({ node, x: items.get(node.id)?.x ?? 0, y: node.layer * step })),
    edges: chains.map(({ edge, chain }) => ({ edge, points: bends(chain, sizes, step) })),
    width: Math.max(0, ...all.map((item) => item.x + item.width / 2)),
    height: layers.length === 0 ? 0 : (layers.length - 1) * step + sizes.height,
  };
}

/** From box to box; through stand-ins straight down. */
function bends(chain: readonly Item[], sizes: Sizes, step: number): Point[] {
  return chain.flatMap((item, place) => {
    const top = item.layer * step;
    if (place === 0) return [{ x: item.x, y: top + sizes.height }];
    if (place === chain.length - 1) return [{ x: item.x, y: top }];
    return [
      { x: item.x, y: top },
      { x: item.x, y: top + sizes.height },
    ];
  });
}

function order(items: ReadonlyMap<string, Item>): Item[][] {
  const layers: Item[][] = [];
  for (const item of items.values()) (layers[item.layer] ??= []).push(item);
  for (let layer = 0; layer < layers.length; layer += 1) layers[layer] ??= [];
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(best);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    const down = sweep % 2 === 0;
    const rank = new Map<Item, number>();
    const number = (layer: readonly Item[]): void => layer.forEach((item, index) => rank.set(item, index));
    layers.forEach(number);
    const way = down ? layers : [...layers].reverse();
    for (const layer of way) {
      const middle = new Map(
        layer.map((item, index) => {
          const near = down ? item.up : item.down;
          const sum = near.reduce((total, other) => total + (rank.get(other) ?? 0), 0);
          return [item, near.length === 0 ? index : sum / near.length];
        }),
      );
      layer.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
      number(layer);
    }
    const now = crossings(layers);
    if (now < fewest) {
      fewest = now;
      best = layers.map((layer) => [...layer]);
    }
  }
  return best;
}

/** How often lines between neighbouring layers cross. */
export function crossings(layers: readonly (readonly Item[])[]): number {
  let found = 0;
  layers.forEach((layer, number) => {
    const next = layers[number + 1];
    if (next === undefined) return;
    const rank = new Map(next.map((item, index) => [item, index]));
    const ends = layer.flatMap((item) => item.down.map((lower) => rank.get(lower) ?? 0).sort((a, b) => a - b));
    for (let i = 0; i < ends.length; i += 1) {
      for (let j = i + 1; j < ends.length; j += 1) if ((ends[i] ?? 0) > (ends[j] ?? 0)) found += 1;
    }
  });
  return found;
}

/** Places in each layer: near the middle of the neighbours, and never over each other. */
function place(layers: readonly (readonly Item[])[], sizes: Sizes): void {
  for (const layer of layers) {
    let x = 0;
    for (const item of layer) {
      item.x = x + item.width / 2;
      x += item.width + sizes.gapX;
    }
    const half = (x - sizes.gapX) / 2;
    for (const item of layer) item.x -= half;
  }
  for (let pass = 0; pass < 6; pass += 1) {
    const up = pass % 2 === 0;
    for (const layer of up ? layers : [...layers].reverse()) {
      const wish = layer.map((item) => {
        const near = up ? item.up : item.down;
        return near.length === 0 ? item.x : near.reduce((sum, other) => sum + other.x, 0) / near.length;
      });
      apart(layer, wish, sizes.gapX);
    }
  }
}

/** The wished places, pushed apart from both sides; the mean of both keeps the layer where it wants to be. */
function apart(layer: readonly Item[], wish: readonly number[], gap: number): void {
  const need = (left: Item, right: Item): number => (left.width + right.width) / 2 + gap;
  const right = [...wish];
  for (let i = 1; i < layer.length; i += 1) {
    right[i] = Math.max(right[i] ?? 0, (right[i - 1] ?? 0) + need(layer[i - 1] as Item, layer[i] as Item));
  }
  const left = [...wish];
  for (let i = layer.length - 2; i >= 0; i -= 1) {
    left[i] = Math.min(left[i] ?? 0, (left[i + 1] ?? 0) - need(layer[i] as Item, layer[i + 1] as Item));
  }
  layer.forEach((item, i) => (item.x = ((right[i] ?? 0) + (left[i] ?? 0)) / 2));
}
