/** The map without Vue: base layer, spots, selection. Clusters are made anew when the view rests, not on hover. */
import Feature from "ol/Feature";
import OlMap from "ol/Map";
import View from "ol/View";
import { Attribution, ScaleLine } from "ol/control";
import { defaults as controlDefaults } from "ol/control/defaults";
import { createEmpty, extend } from "ol/extent";
import Point from "ol/geom/Point";
import VectorLayer from "ol/layer/Vector";
import type VectorTileLayer from "ol/layer/VectorTile";
import { fromLonLat, toLonLat } from "ol/proj";
import VectorSource from "ol/source/Vector";
import type { Site } from "@/api/types";
import { baseLayer, baseStyle, chooseBaseMap, type BaseMap } from "./basemap";
import type { CauseMap } from "./cause";
import { CauseLayer } from "./causeLayer";
import { isPlaced, SiteIndex, type PlacedSite, type Spot } from "./clusters";
import { clearMarks, markStyles, type Look } from "./marks";
import { PALETTES } from "./palette";

export interface MapEvents {
  /** A single site was chosen; null when the ground was. */
  site(site: Site | null): void;
}

const HIT_PX = 6;
// Pixels the list covers (top, right, bottom, left): the middle of the view is the middle of what can be seen.
const COVERED = [0, 0, 0, 300];

export class CityMap {
  private readonly map: OlMap;
  private readonly spots = new VectorSource<Feature<Point>>();
  private readonly layer: VectorLayer<VectorSource<Feature<Point>>>;
  private readonly causes = new CauseLayer();
  private base: VectorTileLayer | null = null;
  private index = new SiteIndex([]);
  private sites: readonly PlacedSite[] = [];
  private look: Look = { palette: PALETTES.dark, locale: "zh-CN", zoom: 12, selected: null };
  private fitted = false;

  constructor(
    target: HTMLElement,
    center: [number, number],
    private readonly events: MapEvents,
  ) {
    this.layer = new VectorLayer({
      source: this.spots,
      zIndex: 10,
      declutter: "spots",
      style: (feature) => markStyles(feature.get("spot") as Spot, this.look),
      updateWhileInteracting: false,
    });
    this.map = new OlMap({
      target,
      layers: [this.causes.layer, this.layer],
      controls: controlDefaults({ zoom: false, rotate: false, attribution: false }).extend([
        new ScaleLine({ minWidth: 80 }),
        new Attribution({ collapsible: false }),
      ]),
      view: new View({ center: fromLonLat(center), zoom: 13, minZoom: 9, maxZoom: 19, enableRotation: false, padding: COVERED }),
    });
    this.map.on("moveend", () => this.recluster());
    this.map.on("click", (event) => this.click(event.pixel));
    this.map.on("pointermove", (event) => {
      if (event.dragging) return;
      target.style.cursor = this.spotAt(event.pixel) === null ? "" : "pointer";
    });
  }

  setLook(dark: boolean, locale: string): void {
    this.look = { ...this.look, palette: dark ? PALETTES.dark : PALETTES.light, locale };
    clearMarks();
    this.styleBase();
    this.causes.recolour(this.look.palette);
    this.layer.changed();
  }

  setSites(all: readonly Site[], maps: readonly BaseMap[]): void {
    const sites = all.filter(isPlaced);
    this.sites = sites;
    this.index = new SiteIndex(sites);
    if (this.base === null && sites.length > 0) {
      const chosen = chooseBaseMap(maps, sites);
      if (chosen !== null) {
        this.base = baseLayer(chosen.file);
        this.styleBase();
        this.map.addLayer(this.base);
      }
    }
    const first = !this.fitted && sites.length > 0;
    if (first) this.fit(0);
    this.recluster();
    // For who measures it (tools/mapbench.py): everything is drawn once.
    if (first) this.map.once("rendercomplete", () => performance.mark("map-shown"));
  }

  select(id: string | null, fly: boolean): void {
    this.look = { ...this.look, selected: id };
    const site = this.sites.find((candidate) => candidate.id === id);
    if (site !== undefined && fly) {
      const view = this.map.getView();
      const zoom = Math.max(view.getZoom() ?? 0, 17);
      view.animate({ center: fromLonLat([site.lon, site.lat]), zoom, duration: 350 });
    }
    this.layer.changed();
  }

  /** Draws a cause and what hangs on it; with `fly` the view goes there. */
  showCause(cause: CauseMap | null, fly: boolean): void {
    const extent = this.causes.draw(cause, this.sites, this.look.palette);
    // Spots recede while a cause is looked at: what it took away is what counts.
    this.layer.setOpacity(cause === null ? 1 : 0.35);
    if (extent !== null && fly) this.map.getView().fit(extent, { padding: [70, 90, 110, 50], maxZoom: 16, duration: 350 });
  }

  zoomBy(step: number): void {
    const view = this.map.getView();
    view.animate({ zoom: (view.getZoom() ?? 12) + step, duration: 160 });
  }

  fit(duration = 350): void {
    const extent = createEmpty();
    for (const site of this.sites) extend(extent, new Point(fromLonLat([site.lon, site.lat])).getExtent());
    this.fitted = true;
    this.map.getView().fit(extent, { padding: [50, 70, 100, 30], maxZoom: 17, duration });
  }

  destroy(): void {
    this.map.setTarget(undefined);
    this.map.dispose();
  }

  private styleBase(): void {
    const view = this.map.getView();
    this.base?.setStyle(
      baseStyle(this.look.palette, this.look.locale, (resolution) => view.getZoomForResolution(resolution) ?? 12),
    );
    this.map.getTargetElement()?.style.setProperty("background", this.look.palette.background);
  }

  private recluster(): void {
    const view = this.map.getView();
    const zoom = view.getZoom() ?? 12;
    // The list covers ground on the left: what lies under it is clustered too.
    const size = this.map.getSize() ?? [0, 0];
    const [west, south, east, north] = view.calculateExtent(size) as [number, number, number, number];
    const [lowLon = -180, lowLat = -85] = toLonLat([west, south]);
    const [highLon = 180, highLat = 85] = toLonLat([east, north]);
    const margin = (highLon - lowLon) * 0.35;
    const spots = this.index.spots([lowLon - margin, lowLat - margin, highLon + margin, highLat + margin], zoom);
    this.look = { ...this.look, zoom };
    // Worst last, so a fault is never hidden under a healthy neighbour.
    spots.sort((a, b) => a.tally.lost - b.tally.lost);
    this.spots.clear(true);
    this.spots.addFeatures(
      spots.map((spot) => new Feature({ geometry: new Point(fromLonLat([spot.lon, spot.lat])), spot })),
    );
  }

  private spotAt(pixel: number[]): Spot | null {
    const found = this.map.forEachFeatureAtPixel(pixel, (feature) => feature.get("spot") as Spot | undefined, {
      hitTolerance: HIT_PX,
      layerFilter: (layer) => layer === this.layer,
    });
    return found ?? null;
  }

  private click(pixel: number[]): void {
    const spot = this.spotAt(pixel);
    if (spot === null || spot.site !== null) {
      this.events.site(spot?.site ?? null);
    } else if (spot.clusterId !== null) {
      const zoom = Math.min(this.index.expansionZoom(spot.clusterId) + 0.5, 18);
      this.map.getView().animate({ center: fromLonLat([spot.lon, spot.lat]), zoom, duration: 300 });
    }
  }
}
