import createCache from "@emotion/cache";
import { CacheProvider } from "@emotion/react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { readConfig } from "./app/config";

const element = document.getElementById("admin")!;
const config = readConfig(element);
// The page's policy takes no style without it.
const cache = createCache({ key: "mw", nonce: config.nonce });

createRoot(element).render(<CacheProvider value={cache}><App config={config} /></CacheProvider>);
