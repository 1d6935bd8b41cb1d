#include "support/diagnostic.h"

namespace isobar {

std::string to_string(const Diagnostic& d) {
  std::string s;
  if (!d.where.file.empty()) s += d.where.file + ":";
  if (d.where.line != 0) {
    s += std::to_string(d.where.line) + ":";
    if (d.where.column != 0) s += std::to_string(d.where.column) + ":";
  }
  if (!s.empty()) s += " ";
  return s + "error: " + d.message;
}

namespace {
std::string join(const std::vector<Diagnostic>& all) {
  std::string s;
  for (const Diagnostic& d : all) {
    if (!s.empty()) s += "\n";
    s += to_string(d);
  }
  return s;
}
}  // namespace

InputError::InputError(Diagnostic d) : std::runtime_error(to_string(d)), all_{std::move(d)} {}
InputError::InputError(std::vector<Diagnostic> all) : std::runtime_error(join(all)), all_(std::move(all)) {}

}  // namespace isobar
