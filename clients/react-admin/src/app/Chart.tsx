// Bars of what the rows of a list come to.
import ChartIcon from "@mui/icons-material/BarChart";
import { Alert, Box, Button as MuiButton, Dialog, DialogActions, DialogContent, DialogTitle, Stack, useTheme } from "@mui/material";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button, useListContext } from "react-admin";
import { nameOf, type ResourceDescription } from "../description";
import type { Group } from "../provider";
import type { Filters } from "../query";
import { labelOf, useProvider, useShared } from "./context";
import { Choice } from "./Filters";
import { isNumeric } from "./Value";

const BARS = 20;
const MEASURES: [string, string][] = [["sum", "Sum of"], ["avg", "Mean of"], ["min", "Smallest"], ["max", "Largest"]];
const UNITS = ["year", "month", "day"];

export function ChartButton({ resource }: { resource: ResourceDescription }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button label="Chart" onClick={() => setOpen(true)}><ChartIcon /></Button>
      {isOpen && <ChartDialog resource={resource} onClose={() => setOpen(false)} />}
    </>
  );
}

type Resources = Map<string, ResourceDescription>;

/** What rows can be grouped by: fields, names of what they refer to, and of dates their years, months and days. */
function groupsOf(resource: ResourceDescription, resources: Resources): [string, string][] {
  return resource.sorts.flatMap((name): [string, string][] => {
    const label = labelOf(resource, name);
    const target = resources.get(resource.picks[name] ?? "");
    const way = resource.ways[name];
    if (target && way && target.sorts.includes(nameOf(target))) return [[`${way}.${nameOf(target)}`, label]];
    const isTime = ["date", "datetime", "local"].includes(resource.kinds[name]!);
    return isTime ? UNITS.map((unit) => [`${name}:${unit}`, `${label}, by ${unit}`]) : [[name, label]];
  });
}

function measuresOf(resource: ResourceDescription): [string, string][] {
  const numbers = resource.sorts.filter((n) => isNumeric(resource.kinds[n]) && !resource.key.includes(n) && !(n in resource.picks));
  const told = numbers.flatMap((name) =>
    MEASURES.map(([measure, word]): [string, string] => [`${name}:${measure}`, `${word} ${labelOf(resource, name).toLowerCase()}`]),
  );
  return [["count", "Number of rows"], ...told];
}

function firstGroup(resource: ResourceDescription, groups: [string, string][]): string {
  const kinds = ["enum", "boolean"];
  const good = groups.find(([id]) => kinds.includes(resource.kinds[id]!)) ?? groups.find(([id]) => id.includes("."));
  return (good ?? groups.find(([id]) => !resource.key.includes(id)) ?? groups[0])![0];
}

function ChartDialog({ resource, onClose }: { resource: ResourceDescription; onClose(): void }) {
  const groups = groupsOf(resource, useShared().resources);
  const measures = measuresOf(resource);
  const [group, setGroup] = useState(() => firstGroup(resource, groups));
  const [measure, setMeasure] = useState("count");
  const { filterValues } = useListContext();
  const provider = useProvider();
  const sort = group.includes(":") ? group : `-${measure}`;
  const wanted = { group, measures: measure, sort, limit: String(BARS) };
  const { data, error } = useQuery({
    queryKey: [resource.name, "aggregate", wanted, filterValues],
    queryFn: () => provider.aggregate(resource.name, wanted, filterValues as Filters),
  });
  return (
    <Dialog open onClose={onClose} fullWidth maxWidth="md" aria-labelledby="chart">
      <DialogTitle id="chart">Chart</DialogTitle>
      <DialogContent>
        <Stack direction={{ xs: "column", sm: "row" }} spacing={2} sx={{ py: 1 }}>
          <Choice label="Shown" value={measure} onChange={setMeasure} choices={measures} />
          <Choice label="By" value={group} onChange={setGroup} choices={groups} />
        </Stack>
        {error && <Alert severity="error">{error.message}</Alert>}
        {data && <Bars items={data.items} group={group} measure={measure} />}
        {data?.more && <Box sx={{ color: "text.secondary", pt: 1 }}>There are more; these are the first {BARS}.</Box>}
      </DialogContent>
      <DialogActions><MuiButton onClick={onClose}>Close</MuiButton></DialogActions>
    </Dialog>
  );
}

const ROW = 28;
const WIDTH = 640;
const LEFT = 180;
const RIGHT = 90;

function Bars({ items, group, measure }: { items: Group[]; group: string; measure: string }) {
  const { palette } = useTheme();
  const sizes = items.map((item) => Number(item[measure] ?? 0));
  const least = Math.min(0, ...sizes);
  const scale = (WIDTH - LEFT - RIGHT) / (Math.max(0, ...sizes) - least || 1);
  if (!items.length) return <Box>There are no rows.</Box>;
  return (
    <svg viewBox={`0 0 ${WIDTH} ${ROW * items.length}`} width="100%" role="img" aria-label={`${measure} by ${group}`}>
      {items.map((item, row) => {
        const size = sizes[row]!;
        const [name, amount] = [String(item[group] ?? "None"), String(item[measure] ?? "–")];
        return (
          <g key={name} transform={`translate(0 ${row * ROW})`} fontSize={13} fill={palette.text.primary}>
            <title>{`${name}: ${amount}`}</title>
            <text x={LEFT - 8} y={18} textAnchor="end">{name.length > 24 ? `${name.slice(0, 23)}…` : name}</text>
            <rect x={LEFT + (Math.min(0, size) - least) * scale} y={4} width={Math.max(1, Math.abs(size) * scale)} height={ROW - 8} rx={3} fill={palette.primary.main} />
            <text x={LEFT + (Math.max(0, size) - least) * scale + 6} y={18}>{amount}</text>
          </g>
        );
      })}
    </svg>
  );
}
