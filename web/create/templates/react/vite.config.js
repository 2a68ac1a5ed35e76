import { cloudflare } from "@cloudflare/vite-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The page and the Worker, at one origin.
export default defineConfig({ plugins: [react(), cloudflare()], build: { chunkSizeWarningLimit: 900 } });
