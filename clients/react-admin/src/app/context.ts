// What all parts of the application share.
import { createContext, useContext } from "react";
import { useDataProvider, useResourceContext } from "react-admin";
import type { ResourceDescription } from "../description";
import type { ModelwireProvider } from "../provider";

export interface Shared {
  title: string;
  resources: Map<string, ResourceDescription>;
  signOut?: () => void;
}

export const SharedContext = createContext<Shared>({ title: "", resources: new Map() });

export const useShared = (): Shared => useContext(SharedContext);

export function useDescription(name?: string): ResourceDescription {
  const here = useResourceContext();
  return useShared().resources.get(name ?? here!)!;
}

export const useProvider = (): ModelwireProvider => useDataProvider<ModelwireProvider>();

/** A name of the API as words. */
export function toWords(name: string): string {
  const words = name.replaceAll(/[_.]+/g, " ").replaceAll(/([a-z\d])([A-Z])/g, "$1 $2").trim().toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function labelOf(resource: ResourceDescription, field: string): string {
  return toWords(field in resource.picks ? field.replace(/_?id$/i, "") || field : field);
}
