// The whole application: asks for the resources, for the person if need be, and shows what they may see.
import { Alert, Box, Button, CircularProgress, ThemeProvider, createTheme } from "@mui/material";
import { QueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { Admin, Resource, defaultDarkTheme, defaultLightTheme, type RaThemeOptions } from "react-admin";
import type { ResourceDescription } from "../description";
import { can } from "../description";
import { Http, ProblemError, type Credentials } from "../http";
import { Provider, type ModelwireProvider } from "../provider";
import { toPlain } from "../values";
import type { Config } from "./config";
import { SharedContext, type Shared } from "./context";
import { findWays, forgetCaller, keepCredentials, noteCaller, readCredentials } from "./credentials";
import { CreatePage, EditPage, ShowPage } from "./Form";
import { Home, labelOfResource } from "./Home";
import { Page } from "./Page";
import { ListPage } from "./List";
import { SignIn } from "./SignIn";
import { makeStore } from "./store";
import { callRow } from "./Value";

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
// React-admin names what is around a box to check, where it is the box that needs a name.
const NAMED = {
  root: { "aria-label": undefined },
  input: (box: object) => ({ "aria-label": (box as { "aria-label"?: string })["aria-label"] }),
};
const adapt = (theme: RaThemeOptions, main: string): RaThemeOptions => ({
  ...theme,
  palette: { ...theme.palette, primary: { main }, secondary: { main } },
  typography: { ...theme.typography, fontFamily: FONT },
  components: { ...theme.components, MuiCheckbox: { defaultProps: { slotProps: NAMED } } },
});
const LIGHT = adapt(defaultLightTheme, "#2456a6");
const DARK = adapt(defaultDarkTheme, "#9cc0f7");

// What is shown around React-admin, which has its own: as the system wants it.
const AROUND = createTheme(matchMedia("(prefers-color-scheme: dark)").matches ? DARK : LIGHT);

interface Asking {
  wasRefused: boolean;
  give(credentials: Credentials): Promise<void>;
}

export function App({ config }: { config: Config }) {
  const [asking, setAsking] = useState<Asking>();
  const [resources, setResources] = useState<ResourceDescription[]>();
  const [error, setError] = useState<string>();
  const [isOver, setOver] = useState(false);
  const ways = useMemo(() => findWays(config), [config]);
  const hasAsked = useRef(false);
  const unsaved = useRef(false);

  /** Goes on with other credentials: nothing that was shown stays on the screen or in memory. */
  const startAnew = useCallback((given?: Credentials) => {
    flushSync(() => setOver(true));
    forgetCaller();
    if (given) keepCredentials(given);
    location.reload();
  }, []);

  const path = config.admin.slice(config.root.length);
  const http = useMemo(() => {
    const credentials = readCredentials();
    hasAsked.current = Object.keys(credentials).length > 0;
    const signIn = () =>
      new Promise<Credentials>((resolve) => {
        const give = async (given: Credentials) => {
          await admit(made, given);
          keepCredentials(given);
          setAsking(undefined);
          hasAsked.current = true;
          resolve(given);
        };
        setAsking({ wasRefused: hasAsked.current, give });
      });
    const made = new Http({ url: config.root, credentials, signIn, whoPath: `${path}/caller`, onOther: startAnew });
    return made;
  }, [config, path, startAnew]);

  useEffect(() => {
    http.request("GET", `${path}/resources`).then(
      ({ body }) => {
        const told = toPlain(body) as { resources: ResourceDescription[]; caller: string | null };
        noteCaller(told.caller);
        http.remember(told.caller);
        setResources(told.resources);
      },
      (failed: Error) => setError(failed.message),
    );
  }, [http, path]);

  // Who comes back to the page may have signed in as somebody else meanwhile, in another tab or on another page.
  useEffect(() => {
    const check = () => document.visibilityState === "visible" && void http.check().catch(() => undefined);
    document.addEventListener("visibilitychange", check);
    addEventListener("pageshow", check);
    return () => {
      document.removeEventListener("visibilitychange", check);
      removeEventListener("pageshow", check);
    };
  }, [http]);

  const shared = useMemo<Shared>(
    () => ({
      title: config.title,
      resources: new Map(resources?.map((each) => [each.name, each])),
      signOut: hasAsked.current ? () => startAnew() : undefined,
      unsaved,
    }),
    [config, resources, startAnew],
  );

  if (isOver) return null;
  return (
    <SharedContext.Provider value={shared}>
      <ThemeProvider theme={AROUND}>
        {asking && <SignIn key={String(asking.wasRefused)} title={config.title} ways={ways} wasRefused={asking.wasRefused} onGiven={asking.give} />}
        {error && <Alert severity="error" action={<Button onClick={() => location.reload()}>Try again</Button>}>{error}</Alert>}
        {!resources && !error && !asking && <Waiting />}
      </ThemeProvider>
      {resources && <Resources http={http} resources={resources} />}
    </SharedContext.Provider>
  );
}

/** Takes credentials, unless they are refused. */
async function admit(http: Http, given: Credentials): Promise<void> {
  try {
    await http.admit(given);
  } catch (error) {
    const isRefused = error instanceof ProblemError && error.status === 401;
    throw isRefused ? new Error("Please sign in again") : error;
  }
}

function Waiting() {
  return <Box sx={{ display: "grid", placeItems: "center", height: "80vh" }}><CircularProgress aria-label="Loading" /></Box>;
}

function Resources({ http, resources }: { http: Http; resources: ResourceDescription[] }) {
  const provider = useMemo(() => new Provider(http, resources) as unknown as ModelwireProvider, [http, resources]);
  const queries = useMemo(
    () => new QueryClient({ defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false } } }),
    [],
  );
  const store = useMemo(makeStore, []);
  return (
    <Admin
      dataProvider={provider}
      queryClient={queries}
      store={store}
      theme={LIGHT}
      darkTheme={DARK}
      layout={Page}
      dashboard={Home}
      loginPage={false} // it would stand where a resource of that name is
      disableTelemetry
    >
      {resources.map((resource) => (
        <Resource
          key={resource.name}
          name={resource.name}
          options={{ label: labelOfResource(resource.name) }}
          recordRepresentation={(record) => callRow(resource, record)}
          list={ListPage}
          create={can(resource, "create") ? CreatePage : undefined}
          edit={can(resource, "update") && resource.operations.includes("read") ? EditPage : undefined}
          show={resource.operations.includes("read") ? ShowPage : undefined}
        />
      ))}
    </Admin>
  );
}
