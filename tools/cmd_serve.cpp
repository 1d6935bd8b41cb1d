#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "serve/export_page.h"
#include "serve/http.h"
#include "serve/page.h"
#include "serve/service.h"
#include "tools/command.h"
#include "tools/files.h"
#include "tools/interrupt.h"
#include "tools/lesson.h"
#include "tools/session_analysis.h"
#include "tools/workload.h"

namespace isobar::tools {

namespace {

struct ServeOptions {
  std::vector<std::string> files;
  u16 port = 8147;
};

serve::Response respond(serve::Service& service, const serve::Request& request) {
  const std::string api = "/api/";
  const bool is_api = request.path.compare(0, api.size(), api) == 0;
  serve::Answer a;
  if (request.path == "/" && request.method == "GET") return {200, "text/html", std::string(serve::page())};
  if (request.path == "/core.wasm.gz" && request.method == "GET" && !serve::core().empty())
    return {200, "application/gzip", std::string(serve::core())};
  if (!is_api) {
    a = {404, {{"format", serve::kSessionFormat}, {"error", "there is no such page"}, {"diagnostics", nullptr}}};
  } else if (request.method != "POST") {
    a = {405, {{"format", serve::kSessionFormat}, {"error", "expected POST"}, {"diagnostics", nullptr}}};
  } else {
    const std::string path = request.path.substr(api.size());
    a = path == "page" ? serve::export_page(service, request.body) : service.handle(path, request.body);
  }
  return {a.status, "application/json", a.json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
}

ExitStatus serve_page(const ServeOptions& options) {
  std::vector<serve::Example> examples;
  for (const std::string& file : expand_paths(options.files, {".yaml", ".yml", ".litmus"})) {
    load_workloads(file, {});  // tells what is wrong with it now
    examples.push_back({stem(file), file, read_file(file), nullptr});
  }
  for (const Lesson& l : lessons()) examples.push_back({l.title, l.file, l.scenario, json(l)});
  serve::Service service(session_analysis(), std::move(examples));
  serve::HttpServer server(options.port, [&](const serve::Request& r) { return respond(service, r); });
  catch_interrupts();
  std::printf("http://127.0.0.1:%u/ (Ctrl-C ends it)\n", server.port());
  std::fflush(stdout);
  server.run(interrupt_flag());
  return ExitStatus::AsExpected;
}

}  // namespace

void add_serve(CLI::App& app, Action& chosen) {
  CLI::App* sub = app.add_subcommand("serve", "Step through tests in the browser");
  auto options = std::make_shared<ServeOptions>();
  sub->add_option("FILE", options->files, "Litmus tests and scenarios, or folders of them, to offer")->type_name("");
  sub->add_option("--port", options->port, "Port on 127.0.0.1; 0 lets the system choose (default 8147)")
      ->type_name("P");
  sub->footer("Only this machine can reach it. docs/serve.md describes the page and what it asks the server.");
  sub->callback([&chosen, options] { chosen = [options] { return serve_page(*options); }; });
}

}  // namespace isobar::tools
