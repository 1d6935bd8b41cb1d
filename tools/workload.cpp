#include "tools/workload.h"

#include "tools/files.h"

namespace isobar::tools {

std::vector<Workload> load_workloads(const std::string& file, const Overrides& overrides) {
  return parse_workloads(read_file(file), file, overrides);
}

}  // namespace isobar::tools
