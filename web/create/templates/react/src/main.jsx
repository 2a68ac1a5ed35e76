import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.jsx";

// When the development server is stopped, Vite waits for it and reloads the page, and what was
// typed meanwhile would go with it. So it waits; reload the page by hand for its hot reload.
import.meta.hot?.on("vite:ws:disconnect", () => new Promise(() => {}));

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
