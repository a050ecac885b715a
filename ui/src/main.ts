import "element-plus/theme-chalk/base.css";
import "@/theme/tokens.css";
import "@/theme/element.css";
import "@/theme/base.css";
import "@/theme/forms.css";
import "@/theme/listing.css";
import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import { createPinia } from "pinia";
import { createApp } from "vue";
import { ApiError } from "@/api/client";
import App from "@/App.vue";
import { i18n } from "@/i18n";
import { router } from "@/router";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      // What the server refuses stays refused; only a server that was not reached is asked again.
      retry: (failures, error) => failures < 2 && error instanceof ApiError && error.status === 0,
    },
  },
});

createApp(App).use(createPinia()).use(i18n).use(VueQueryPlugin, { queryClient: queries }).use(router).mount("#app");
