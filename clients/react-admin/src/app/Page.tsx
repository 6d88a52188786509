// The frame: the bar at the top, the list of resources, and the page in the middle.
import LogoutIcon from "@mui/icons-material/Logout";
import { Box, IconButton, Tooltip } from "@mui/material";
import type { MouseEvent, ReactNode } from "react";
import { AppBar, Layout, LoadingIndicator, Menu, TitlePortal, ToggleThemeButton } from "react-admin";
import { labelOfResource } from "./Home";
import { useMayLose, useShared } from "./context";
import TableIcon from "@mui/icons-material/TableRowsOutlined";

export function Page({ children }: { children: ReactNode }) {
  return <Layout appBar={Bar} menu={Resources}>{children}</Layout>;
}

function Bar() {
  const { signOut } = useShared();
  const mayLose = useMayLose();

  function refresh(event: MouseEvent) {
    if (!mayLose()) event.stopPropagation();
  }

  const toolbar = (
    <>
      <ToggleThemeButton />
      <Box onClickCapture={refresh}><LoadingIndicator /></Box>
      {signOut && (
        <Tooltip title="Sign out">
          <IconButton color="inherit" aria-label="Sign out" onClick={() => mayLose() && signOut()}><LogoutIcon /></IconButton>
        </Tooltip>
      )}
    </>
  );
  return <AppBar toolbar={toolbar} userMenu={false}><TitlePortal /></AppBar>;
}

function Resources() {
  const { resources } = useShared();
  return (
    <Menu>
      <Menu.DashboardItem primaryText="All resources" />
      {[...resources.values()].map((each) => (
        <Menu.Item
          key={each.name}
          to={`/${each.name}`}
          primaryText={labelOfResource(each.name)}
          leftIcon={<TableIcon />}
        />
      ))}
    </Menu>
  );
}
