FROM python:3.13-slim
WORKDIR /srv
RUN pip install --no-cache-dir 'modelwire[serve]'
COPY main.py .
USER nobody
EXPOSE 8000
CMD ["modelwire", "serve", "main.py", "--host", "0.0.0.0"]
