import { createRouter, createWebHistory } from "vue-router";
import { useSession } from "@/stores/session";

declare module "vue-router" {
  interface RouteMeta {
    open?: boolean;
    title: string;
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/", redirect: "/situation" },
    { path: "/welcome", component: () => import("@/pages/WelcomePage.vue"), meta: { open: true, title: "login.title" } },
    { path: "/login", component: () => import("@/pages/LoginPage.vue"), meta: { open: true, title: "login.title" } },
    { path: "/situation", component: () => import("@/pages/SituationPage.vue"), meta: { title: "nav.situation" } },
    { path: "/map", component: () => import("@/pages/MapPage.vue"), meta: { title: "nav.map" } },
    { path: "/sites/:id", component: () => import("@/pages/SitePage.vue"), meta: { title: "path.title" } },
    { path: "/live", component: () => import("@/pages/LivePage.vue"), meta: { title: "nav.live" } },
    { path: "/playback", component: () => import("@/pages/PlaybackPage.vue"), meta: { title: "nav.playback" } },
    { path: "/alarms", component: () => import("@/pages/AlarmsPage.vue"), meta: { title: "nav.alarms" } },
    { path: "/outages", component: () => import("@/pages/OutagesPage.vue"), meta: { title: "nav.outages" } },
    { path: "/channels", component: () => import("@/pages/ChannelsPage.vue"), meta: { title: "nav.channels" } },
    { path: "/channels/:id", component: () => import("@/pages/ChannelPage.vue"), meta: { title: "nav.channels" } },
    { path: "/works", component: () => import("@/pages/WorksPage.vue"), meta: { title: "nav.works" } },
    {
      path: "/register",
      component: () => import("@/register/RegisterPage.vue"),
      meta: { title: "nav.register" },
      children: [
        { path: "", component: () => import("@/register/SitesTab.vue") },
        { path: "parties", component: () => import("@/register/PartiesTab.vue") },
        { path: "places", component: () => import("@/register/PlacesTab.vue") },
        { path: "elements", component: () => import("@/register/ElementsTab.vue") },
        { path: "elements/:id", component: () => import("@/register/ElementPage.vue") },
        { path: "agents", component: () => import("@/register/AgentsTab.vue") },
      ],
    },
    { path: "/devices", component: () => import("@/pages/DevicesPage.vue"), meta: { title: "nav.devices" } },
    { path: "/devices/:id", component: () => import("@/pages/DevicePage.vue"), meta: { title: "nav.devices" } },
    { path: "/exchange", component: () => import("@/exchange/ExchangePage.vue"), meta: { title: "nav.exchange" } },
    { path: "/system", component: () => import("@/pages/SystemPage.vue"), meta: { title: "nav.system" } },
    { path: "/:rest(.*)*", component: () => import("@/pages/LostPage.vue"), meta: { title: "lost.title" } },
  ],
});

router.beforeEach(async (to) => {
  if (to.meta.open === true) return true;
  const session = useSession();
  if (!session.known) {
    try {
      await session.restore();
    } catch {
      // The server is away: show the log-in page, which says so.
      session.forget();
    }
  }
  return session.signedIn ? true : { path: "/login", query: to.path === "/situation" ? {} : { next: to.fullPath } };
});
