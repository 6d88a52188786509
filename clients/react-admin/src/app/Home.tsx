// The list of resources.
import { Card, CardActionArea, CardContent, Typography, Box } from "@mui/material";
import { Link } from "react-router-dom";
import { Title } from "react-admin";
import { toWords, useShared } from "./context";

export const labelOfResource = (name: string): string => toWords(name.replaceAll("/", " "));

export function Home() {
  const { title, resources } = useShared();
  return (
    <Box sx={{ py: 2 }}>
      <Title title={title} />
      <Box component="ul" sx={{ display: "grid", gap: 2, gridTemplateColumns: "repeat(auto-fill, minmax(15rem, 1fr))", p: 0, m: 0, listStyle: "none" }}>
        {[...resources.values()].map((each) => (
          <Card key={each.name} component="li" variant="outlined">
            <CardActionArea component={Link} to={`/${each.name}`} sx={{ height: "100%" }}>
              <CardContent>
                <Typography variant="h6" component="h2">{labelOfResource(each.name)}</Typography>
                <Typography variant="body2" color="text.secondary">{each.about ?? each.path}</Typography>
              </CardContent>
            </CardActionArea>
          </Card>
        ))}
      </Box>
      {!resources.size && <Typography>There is nothing that you may see.</Typography>}
    </Box>
  );
}
