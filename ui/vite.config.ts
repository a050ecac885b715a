import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

// The server a developer runs beside `npm run dev`; the built console is served by the server itself.
const server = process.env.CIVICAM_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    outDir: fileURLToPath(new URL("../src/civicam/web/static", import.meta.url)),
    emptyOutDir: true,
    target: "chrome110",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 400,
    rollupOptions: {
      output: {
        manualChunks(id: string): string | undefined {
          if (/node_modules\/(ol|ol-pmtiles|pmtiles|rbush|pbf|supercluster|kdbush|fflate)\//.test(id)) return "map";
          if (/node_modules\/(vue|@vue|vue-router|pinia|vue-i18n|@intlify|@tanstack)\//.test(id)) return "vue";
          if (/node_modules\//.test(id)) return "kit";
          return undefined;
        },
      },
    },
  },
  worker: { format: "es" },
  server: { proxy: { "/api": { target: server, ws: true } } },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
});
