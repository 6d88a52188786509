// What the page that the server sends says.

export interface SecurityScheme {
  type: string;
  scheme?: string;
  in?: string;
  name?: string;
  flows?: { password?: { tokenUrl: string } };
}

export interface Config {
  /** What stands before the paths of the API: the path under which a proxy serves it. */
  root: string;
  /** Where the page is. */
  admin: string;
  title: string;
  schemes: Record<string, SecurityScheme>;
  nonce: string;
}

export function readConfig(element: HTMLElement): Config {
  const { root = "", admin = "", title = "", schemes = "{}" } = element.dataset;
  const nonce = document.querySelector<HTMLElement>("meta[property=csp-nonce]")?.nonce ?? "";
  return { root, admin, title, schemes: JSON.parse(schemes) as Config["schemes"], nonce };
}
