// What the browser remembers of how a person has set up the page.
import { localStorageStore, memoryStore, type Store } from "react-admin";

// What else there is, has come out of rows: filters, and the keys of those that are selected.
const KEPT = /^(theme|sidebar\.open|.*\.datatable.*)$/;

/** A store that keeps choices of colours and columns for the next time, and all else in memory. */
export function makeStore(): Store {
  const kept = localStorageStore("2", `modelwire-admin${location.pathname}`);
  const forgotten = memoryStore();
  const storeOf = (key: string): Store => (KEPT.test(key) ? kept : forgotten);
  return {
    setup: () => [kept, forgotten].forEach((each) => each.setup()),
    teardown: () => [kept, forgotten].forEach((each) => each.teardown()),
    getItem: (key, usual) => storeOf(key).getItem(key, usual),
    setItem: (key, value) => storeOf(key).setItem(key, value),
    removeItem: (key) => storeOf(key).removeItem(key),
    removeItems: (prefix) => [kept, forgotten].forEach((each) => each.removeItems(prefix)),
    reset: () => [kept, forgotten].forEach((each) => each.reset()),
    listItems: (prefix) => Object.assign({}, ...[kept, forgotten].map((each) => each.listItems?.(prefix))),
    subscribe: (key, callback) => storeOf(key).subscribe(key, callback),
  };
}
