// Asks a person who they are: before anything is shown, and again where the API answers 401.
import { Alert, Button, Dialog, DialogActions, DialogContent, DialogTitle, Stack, Tab, Tabs, TextField, Typography } from "@mui/material";
import { useState, type FormEvent } from "react";
import type { Credentials } from "../http";
import type { Way } from "./credentials";

const LABELS = { name: "Name", password: "Password", token: "Token" };

// Whoever comes to the page sees nothing of what it shows to whom it was left by.
const COVERING = { zIndex: 2000 };

interface Props {
  title: string;
  ways: Way[];
  wasRefused: boolean;
  onGiven(credentials: Credentials): Promise<void>;
}

export function SignIn({ title, ways, wasRefused, onGiven }: Props) {
  const [chosen, setChosen] = useState(0);
  const [error, setError] = useState(wasRefused ? "Please sign in again" : "");
  const [isBusy, setBusy] = useState(false);
  const way = ways[chosen]!;

  async function signIn(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    try {
      await onGiven(await way.signIn(values));
    } catch (failed) {
      setError((failed as Error).message);
      setBusy(false);
    }
  }

  return (
    <Dialog open fullWidth maxWidth="xs" aria-labelledby="sign-in" sx={COVERING} slotProps={{ backdrop: { sx: { bgcolor: "background.default" } } }}>
      <form onSubmit={signIn}>
        <DialogTitle id="sign-in">Sign in to {title}</DialogTitle>
        <DialogContent>
          {ways.length > 1 && (
            <Tabs value={chosen} onChange={(_, value: number) => setChosen(value)} sx={{ mb: 1 }}>
              {ways.map((each) => <Tab key={each.label} label={each.label} />)}
            </Tabs>
          )}
          <Stack spacing={2} sx={{ pt: 1 }}>
            {error && <Alert severity="error">{error}</Alert>}
            {!way.fields.length && <Typography>Sign in on the application's own page, in another tab for instance. Then go on here.</Typography>}
            {way.fields.map((field, index) => (
              <TextField
                key={`${chosen}-${field}`}
                name={field}
                label={field === "token" ? way.label : LABELS[field]}
                type={field === "name" ? "text" : "password"}
                autoComplete={field === "name" ? "username" : field === "password" ? "current-password" : "off"}
                autoFocus={index === 0}
                required
                fullWidth
              />
            ))}
          </Stack>
        </DialogContent>
        <DialogActions sx={{ px: 3, pb: 2 }}>
          <Button type="submit" variant="contained" disabled={isBusy}>{way.fields.length ? "Sign in" : "Go on"}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
