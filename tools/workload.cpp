#include "tools/workload.h"

#include "tools/files.h"

namespace isobar::tools {

std::vector<Workload> load_workloads(const std::string& file, const Overrides& overrides) {
  return parse_workloads(read_file(file), file, overrides);
}

std::string trace_path(const std::string& given, const Workload& w, bool several) {
  if (!several) return given;
  const std::size_t dot = given.find_last_of("./");
  const std::size_t end = dot == std::string::npos || given[dot] == '/' ? given.size() : dot;
  return given.substr(0, end) + "." + (w.variant.empty() ? stem(w.file) : w.variant) + given.substr(end);
}

}  // namespace isobar::tools
