// What all parts of the application share.
import { createContext, useContext, useRef, useState } from "react";
import { useDataProvider, useResourceContext } from "react-admin";
import type { ResourceDescription } from "../description";
import type { ModelwireProvider } from "../provider";

export interface Shared {
  title: string;
  resources: Map<string, ResourceDescription>;
  signOut?: () => void;
  /** Whether a form has something that is not saved. */
  unsaved: { current: boolean };
}

export const SharedContext = createContext<Shared>({ title: "", resources: new Map(), unsaved: { current: false } });

export const useShared = (): Shared => useContext(SharedContext);

export function useDescription(name?: string): ResourceDescription {
  const here = useResourceContext();
  return useShared().resources.get(name ?? here!)!;
}

export const useProvider = (): ModelwireProvider => useDataProvider<ModelwireProvider>();

/** Asks before what has been typed is lost, if something has; tells whether to go on. */
export function useMayLose(): () => boolean {
  const { unsaved } = useShared();
  return () => !unsaved.current || confirm("What you have typed is not saved. Leave it?");
}

/** Whether some work is under way, and what begins it: once, however often a button is pressed meanwhile. */
export function useWork(): [boolean, (work: () => Promise<void>) => Promise<void>] {
  const [isBusy, setBusy] = useState(false);
  const isUnderWay = useRef(false);

  async function begin(work: () => Promise<void>) {
    if (isUnderWay.current) return;
    isUnderWay.current = true;
    setBusy(true);
    try {
      await work();
    } finally {
      isUnderWay.current = false;
      setBusy(false);
    }
  }

  return [isBusy, begin];
}

/** A name of the API as words. */
export function toWords(name: string): string {
  const words = name.replaceAll(/[_.]+/g, " ").replaceAll(/([a-z\d])([A-Z])/g, "$1 $2").trim().toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function labelOf(resource: ResourceDescription, field: string): string {
  return toWords(field in resource.picks ? field.replace(/_?id$/i, "") || field : field);
}
