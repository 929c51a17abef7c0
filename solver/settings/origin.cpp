// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/settings/origin.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numeric>

#include "haloscope/base/errors.hpp"

namespace haloscope {

namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20;  ///< of a file; the longest shipped one has 20 KiB

std::size_t edit_distance(std::string_view a, std::string_view b) {  // Levenshtein, one row at a time
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::string one_line(std::string text, std::size_t most) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most) + "…";
}

std::string read_text(const std::string& path, const std::string& what) {
  std::error_code ignored;
  const auto refuse = [&path](const std::string& why) {
    throw UserError(fmt::format("{}: {}", one_line(path, 4096), why));
  };
  if (std::filesystem::is_directory(path, ignored))
    refuse(fmt::format("is a directory: give the .toml file of {}", what));
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(fmt::format("cannot be opened: {}", std::strerror(errno != 0 ? errno : EIO)));
  std::string bytes(most_bytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad()) refuse(fmt::format("cannot be read: {}", std::strerror(errno != 0 ? errno : EIO)));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.size() > most_bytes) refuse(fmt::format("is longer than 1 MiB: not {} file", what));
  return bytes;
}

std::string nearest_name(std::string_view path, const std::vector<std::string>& names) {
  path = path.substr(0, 200);  // the distance costs the product of the lengths
  std::string nearest;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const std::string_view known : names) {
    const auto leaf = [](std::string_view p) { return p.substr(p.find('.') + 1); };
    std::size_t distance = std::min(edit_distance(path, known), 1 + edit_distance(path, known.substr(0, path.size())));
    if (leaf(path) == leaf(known)) distance = std::min(distance, std::size_t{1});
    if (distance < least) {
      least = distance;
      nearest = known;
    }
  }
  return nearest;
}

void refuse_unknown(const std::string& file, const std::string& path, const std::vector<std::string>& known) {
  throw UserError(
      fmt::format("{}:{}: unknown key; the nearest known key is {}", file, one_line(path), nearest_name(path, known)));
}

bool Origin::from_set(std::string_view path) const {
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
    if (overridden.contains(std::string(path.substr(0, dot)))) return true;
  }
  return overridden.contains(std::string(path));
}

bool Origin::gives(const std::string& table) const {
  const auto first = given.lower_bound(table + ".");
  return first != given.end() && first->starts_with(table + ".");
}

void Origin::refuse(const std::string& path, const std::string& value, const std::string& allowed) const {
  const std::string middle = value.empty() ? "" : one_line(value) + ": ";
  throw UserError(fmt::format("{}:{}: {}{}", from_set(path) ? "--set" : file, path, middle, allowed));
}

}  // namespace haloscope
