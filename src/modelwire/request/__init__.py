"""Query string, body and headers as typed values. Syntax only, pure."""
