import { cloudflare } from "@cloudflare/vite-plugin";
import { defineConfig } from "vite";

// The page and the Worker, at one origin.
export default defineConfig({ plugins: [cloudflare()], build: { chunkSizeWarningLimit: 800 } });
