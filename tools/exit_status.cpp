#include "tools/exit_status.h"

namespace isobar::tools {

namespace {
int rank(ExitStatus s) {
  switch (s) {
    case ExitStatus::AsExpected: return 0;
    case ExitStatus::Undetermined: return 1;
    case ExitStatus::Differs: return 2;
    case ExitStatus::BadInput: return 3;
    case ExitStatus::Internal: return 4;
  }
  return 4;
}
}  // namespace

ExitStatus worst(ExitStatus a, ExitStatus b) {
  return rank(a) >= rank(b) ? a : b;
}

}  // namespace isobar::tools
