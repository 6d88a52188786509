// Who asks, for as long as the tab is open.
import type { Credentials } from "../http";
import type { Config, SecurityScheme } from "./config";

const KEY = "modelwire-admin-credentials";
const WHO = "modelwire-admin-caller";

/** A way to sign in. */
export interface Way {
  label: string;
  /** What a person fills in; nothing where they sign in on a page of the application. */
  fields: ("name" | "password" | "token")[];
  signIn(values: Record<string, string>): Promise<Credentials>;
}

export function readCredentials(): Credentials {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Credentials;
  } catch {
    return {};
  }
}

export const keepCredentials = (given: Credentials): void => sessionStorage.setItem(KEY, JSON.stringify(given));

/** Forgets who has asked, and where the page was for them: filters and keys in its address are theirs too. */
export function forgetCaller(): void {
  sessionStorage.removeItem(KEY);
  sessionStorage.removeItem(WHO);
  leavePlace();
}

/** Notes who asks in this tab; an address that somebody else has left is not gone on with. */
export function noteCaller(who: string | null): void {
  const before = sessionStorage.getItem(WHO);
  if (before !== null && before !== String(who)) leavePlace();
  sessionStorage.setItem(WHO, String(who));
}

const leavePlace = (): void => history.replaceState(null, "", location.pathname);

/** The ways to sign in that the API's security schemes name; a bearer token where they name none. */
export function findWays({ schemes, root }: Config): Way[] {
  const ways = Object.entries(schemes).flatMap(([name, scheme]) => findWay(name, scheme, root) ?? []);
  return ways.length ? ways : [BEARER];
}

function findWay(name: string, scheme: SecurityScheme, root: string): Way | undefined {
  const url = scheme.flows?.password?.tokenUrl;
  if (scheme.type === "oauth2" && url !== undefined) return byPassword(new URL(url, `${location.origin}${root}/`));
  if (scheme.type === "http" && scheme.scheme?.toLowerCase() === "basic") return BASIC;
  if (scheme.type === "apiKey" && scheme.in === "header") return byHeader(scheme.name ?? name);
  if (scheme.type === "apiKey") return scheme.in === "cookie" ? ELSEWHERE : undefined;
  return BEARER;
}

const BEARER: Way = {
  label: "Token",
  fields: ["token"],
  signIn: async ({ token = "" }) => ({ Authorization: `Bearer ${token.trim()}` }),
};

const BASIC: Way = {
  label: "Password",
  fields: ["name", "password"],
  signIn: async ({ name = "", password = "" }) => {
    const bytes = new TextEncoder().encode(`${name}:${password}`);
    return { Authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
  },
};

const ELSEWHERE: Way = { label: "Cookie", fields: [], signIn: async () => ({}) };

const byHeader = (header: string): Way => ({
  label: header,
  fields: ["token"],
  signIn: async ({ token = "" }) => ({ [header]: token.trim() }),
});

const byPassword = (url: URL): Way => ({
  label: "Password",
  fields: ["name", "password"],
  signIn: async ({ name = "", password = "" }) => {
    const body = new URLSearchParams({ grant_type: "password", username: name, password });
    const response = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
    const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    if (!response.ok || typeof answer.access_token !== "string") {
      throw new Error(typeof answer.detail === "string" ? answer.detail : `The answer was ${response.status}`);
    }
    return { Authorization: `Bearer ${answer.access_token}` };
  },
});
