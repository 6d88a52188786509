// What has become of a row, and undoing a change of it.
import { Alert, Box, Button, Card, CardContent, List, ListItem, Typography } from "@mui/material";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNotify, useRecordContext, useRefresh } from "react-admin";
import { can, type ResourceDescription } from "../description";
import type { Change } from "../provider";
import { labelOf, useDescription, useMayLose, useProvider, useWork } from "./context";
import { Plain } from "./Value";

const WORDS = { create: "Created", update: "Changed", delete: "Deleted" };

export function History() {
  const resource = useDescription();
  const record = useRecordContext();
  const provider = useProvider();
  const { data, error, hasNextPage, fetchNextPage } = useInfiniteQuery({
    // The tag has the history read again when the row has changed.
    queryKey: [resource.name, "history", record?.id, record?.$etag],
    queryFn: ({ pageParam }) => provider.history(resource.name, record!.id, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    enabled: record !== undefined,
  });
  return (
    <Card component="section" aria-label="History" sx={{ width: { xs: "100%", md: "22rem" }, flexShrink: 0, alignSelf: "flex-start", mt: { md: 2 }, mb: { xs: 12, sm: 0 } }} variant="outlined">
      <CardContent>
        <Typography variant="h6" component="h2">History</Typography>
        {error && <Alert severity="error">{error.message}</Alert>}
        <List dense disablePadding>
          {data?.pages.flatMap((page) => page.items).map((change) => (
            <ListItem key={change.number} disableGutters divider>
              <Told resource={resource} change={change} />
            </ListItem>
          ))}
        </List>
        {hasNextPage && <Button onClick={() => fetchNextPage()}>Earlier</Button>}
      </CardContent>
    </Card>
  );
}

function Told({ resource, change }: { resource: ResourceDescription; change: Change }) {
  const by = change.by === null || change.by === undefined ? "" : ` by ${typeof change.by === "object" ? JSON.stringify(change.by) : change.by}`;
  return (
    <Box sx={{ width: "100%" }}>
      <Box sx={{ display: "flex", justifyContent: "space-between", alignItems: "center" }}>
        <Typography variant="body2">{WORDS[change.operation]}{by}</Typography>
        {change.operation === "update" && can(resource, "update") && <Undo resource={resource} change={change} />}
      </Box>
      <Typography variant="caption" color="text.secondary"><Plain kind="datetime" value={change.at} /></Typography>
      {change.operation === "update" && Object.entries(change.changed).map(([name, { old, new: now }]) => (
        <Typography key={name} variant="body2" sx={{ overflowWrap: "anywhere" }}>
          {labelOf(resource, name)}: <del>{show(old)}</del> → <ins>{show(now)}</ins>
        </Typography>
      ))}
    </Box>
  );
}

const show = (value: unknown): string =>
  value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);

function Undo({ resource, change }: { resource: ResourceDescription; change: Change }) {
  const record = useRecordContext();
  const provider = useProvider();
  const notify = useNotify();
  const refresh = useRefresh();
  const [isBusy, work] = useWork();
  const mayLose = useMayLose();

  async function undo() {
    if (!mayLose()) return;
    try {
      await provider.revert(resource.name, record!.id, change.number);
      notify("The change is undone", { type: "info" });
      refresh();
    } catch (error) {
      notify((error as Error).message, { type: "error" });
    }
  }

  return <Button size="small" onClick={() => work(undo)} disabled={isBusy} aria-label={`Undo change ${change.number}`}>Undo</Button>;
}
