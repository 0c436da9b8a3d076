# syntax=docker/dockerfile:1
# One image for nodes and users, with and without a GPU: docker build -t leaps .
# CUDA is not in it: the driver comes from the host (NVIDIA container toolkit), and where there is none leaps computes
# on the CPU.
FROM node:22.17-bookworm-slim AS node

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
# npm bundles the report page.
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
WORKDIR /source
# What restoring needs comes first: it is done again only when one of these changes.
COPY Directory.Build.props Directory.Packages.props ./
COPY src/Leaps.Model/Leaps.Model.csproj src/Leaps.Model/packages.lock.json src/Leaps.Model/
COPY src/Leaps.Actors/Leaps.Actors.csproj src/Leaps.Actors/packages.lock.json src/Leaps.Actors/
COPY src/Leaps.Host/Leaps.Host.csproj src/Leaps.Host/packages.lock.json src/Leaps.Host/
COPY src/Leaps.Host/Report/Report.targets src/Leaps.Host/Report/
RUN dotnet restore src/Leaps.Host -r linux-x64
COPY README.md .editorconfig ./
COPY src src
RUN dotnet publish src/Leaps.Host -c Release -r linux-x64 --self-contained --no-restore -o /publish

FROM mcr.microsoft.com/dotnet/runtime-deps:10.0
COPY --from=build /publish /opt/leaps
RUN ln -s /opt/leaps/leaps /usr/local/bin/leaps && mkdir -m 1777 /work
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /work
# The user 'app' of the base image, without rights.
USER 1654:1654
ENTRYPOINT ["leaps"]
