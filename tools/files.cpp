#include "tools/files.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "support/diagnostic.h"

namespace isobar::tools {

namespace fs = std::filesystem;

namespace {
constexpr std::uintmax_t kMaxFile = std::uintmax_t{256} << 20;

[[noreturn]] void fail(const std::string& path, const std::string& message) {
  throw InputError(Diagnostic{{path, 0, 0}, message});
}

std::vector<std::string> files_below(const std::string& folder, const std::vector<std::string>& extensions) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string path = it->path().string();
    const bool wanted = std::any_of(extensions.begin(), extensions.end(),
                                    [&](const std::string& e) { return has_extension(path, e); });
    if (wanted && it->is_regular_file(error)) found.push_back(path);
  }
  if (error) fail(folder, "cannot read the folder: " + error.message());
  std::sort(found.begin(), found.end());
  return found;
}
}  // namespace

bool has_extension(const std::string& path, std::string_view extension) {
  return path.size() > extension.size() &&
         std::string_view(path).substr(path.size() - extension.size()) == extension;
}

std::string stem(const std::string& path) {
  return fs::path(path).stem().string();
}

std::vector<std::string> expand_paths(const std::vector<std::string>& paths,
                                      const std::vector<std::string>& extensions) {
  std::vector<std::string> all;
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (path == "-") {
      all.push_back(path);
    } else if (!fs::exists(status)) {
      fail(path, "no such file or folder");
    } else if (fs::is_directory(status)) {
      const std::vector<std::string> found = files_below(path, extensions);
      if (found.empty()) {
        std::string list;
        for (const std::string& e : extensions) list += (list.empty() ? "" : " or ") + e;
        fail(path, "the folder holds no file that ends in " + list);
      }
      all.insert(all.end(), found.begin(), found.end());
    } else {
      all.push_back(path);
    }
  }
  return all;
}

std::string read_file(const std::string& path) {
  if (path == "-") return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
  std::error_code error;
  if (fs::is_directory(path, error)) fail(path, "is a folder, a file was expected");
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(path, std::string("cannot open: ") + std::strerror(errno));
  const std::uintmax_t size = fs::file_size(path, error);
  if (!error && size > kMaxFile) fail(path, "is larger than 256 MiB");
  std::string content;
  std::array<char, 1 << 16> part;
  do {
    in.read(part.data(), part.size());
    content.append(part.data(), static_cast<std::size_t>(in.gcount()));
  } while (in);
  if (in.bad()) fail(path, std::string("cannot read: ") + std::strerror(errno));
  return content;
}

void write_file(const std::string& path, std::string_view content) {
  if (path == "-") {
    std::fwrite(content.data(), 1, content.size(), stdout);
    return;
  }
  // A device or a pipe cannot be replaced by a rename.
  std::error_code error;
  const bool replace = !fs::exists(path, error) || fs::is_regular_file(path, error);
  const std::string target = replace ? path + ".tmp" + std::to_string(getpid()) : path;
  std::ofstream out(target, std::ios::binary);
  if (!out) fail(path, std::string("cannot write: ") + std::strerror(errno));
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) {
    const std::string reason = std::strerror(errno);
    if (replace) fs::remove(target, error);
    fail(path, "cannot write: " + reason);
  }
  if (!replace) return;
  fs::rename(target, path, error);
  if (error) fail(path, "cannot write: " + error.message());
}

}  // namespace isobar::tools
