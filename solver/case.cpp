// SPDX-License-Identifier: BSD-3-Clause
#include "haloscope/case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "case_keys.hpp"
#include "haloscope/errors.hpp"

namespace haloscope {

namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 20;  ///< of a case file; the longest shipped one has 5 KiB

/// @p text on one line of at most 80 bytes, cut between UTF-8 characters, control characters as spaces.
std::string one_line(std::string text, std::size_t most = 80) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most) + "…";
}

std::string shown(const toml::node& node) {
  std::ostringstream text;
  node.visit([&text](const auto& value) { text << value; });
  return one_line(text.str());
}

toml::table parse_toml(const std::string& text, const std::string& file) {
  try {
    return toml::parse(std::string_view(text), std::string_view(file));
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    throw UserError(
        fmt::format("{}:{}:{}: {}", file, at.line, at.column, one_line(std::string(error.description()), 300)));
  }
}

[[noreturn]] void refuse_unknown(const std::string& file, const std::string& path) {
  throw UserError(
      fmt::format("{}:{}: unknown key; the nearest known key is {}", file, one_line(path), nearest_key(path)));
}

bool is_table(std::string_view name) {
  return std::any_of(keys().begin(), keys().end(), [&](const Key& key) { return table_of(key.path) == name; });
}

// --- overrides -------------------------------------------------------------------------------------------------------

/// The value of an override: TOML, or a bare word.
toml::table parse_override_value(const std::string& value, const std::string& whole) {
  const auto word_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  const bool begins_as_word = !value.empty() && word_letter(value[0]) && !(value[0] >= '0' && value[0] <= '9') &&
                              value[0] != '-' && value[0] != '.';
  const bool reserved = value == "true" || value == "false" || value == "inf" || value == "nan";
  if (begins_as_word && !reserved && std::all_of(value.begin(), value.end(), word_letter)) {
    return toml::table{{"value", value}};
  }
  try {
    toml::table parsed = toml::parse("value = " + value);
    if (parsed.size() == 1 && value.find('\n') == std::string::npos) return parsed;
  } catch (const toml::parse_error&) {
  }
  throw UserError(fmt::format("--set:{}: the value must be TOML or a bare word", one_line(whole)));
}

/// Puts `table.key=value` into @p root.
void apply_override(toml::table& root, const std::string& whole, Origin& origin) {
  const std::size_t equals = whole.find('=');
  const auto trimmed = [](const std::string& s) {
    const std::size_t begin = s.find_first_not_of(" \t"), end = s.find_last_not_of(" \t");
    return begin == std::string::npos ? std::string() : s.substr(begin, end - begin + 1);
  };
  const std::string path = trimmed(whole.substr(0, equals));
  if (equals == std::string::npos || path.empty()) {
    throw UserError(fmt::format("--set:{}: must be written table.key=value", one_line(whole)));
  }
  const std::string table = table_of(path);
  const bool known = std::any_of(keys().begin(), keys().end(), [&path](const Key& key) { return key.path == path; });
  if (is_array_of_tables(path) || (known && is_array_of_tables(table))) {
    if (known) throw UserError(fmt::format("--set:{}: must be set as a whole, as {}=[…]", path, table));
  } else if (!known) {
    refuse_unknown("--set", path);
  }
  toml::table value = parse_override_value(trimmed(whole.substr(equals + 1)), whole);
  origin.overridden.insert(path);
  if (is_array_of_tables(path)) {
    root.insert_or_assign(path, std::move(*value.get("value")));
    return;
  }
  if (!root.contains(table)) root.insert(table, toml::table{});
  toml::table* const into = root.get_as<toml::table>(table);
  if (into == nullptr) origin.refuse(table, shown(*root.get(table)), "must be a table");
  into->insert_or_assign(path.substr(table.size() + 1), std::move(*value.get("value")));
}

// --- reading ---------------------------------------------------------------------------------------------------------

/// Reads the keys of one [table], or of one element of an array of tables.
void read_table(const toml::table& table, const std::string& name, Case& settings, std::size_t item, Origin& origin) {
  for (const auto& [key_name, node] : table) {
    const std::string path = name + "." + std::string(key_name.str());
    const auto key = std::find_if(keys().begin(), keys().end(), [&path](const Key& k) { return k.path == path; });
    if (key == keys().end()) refuse_unknown(origin.overridden.contains(name) ? "--set" : origin.file, path);
    if (!key->read(node, settings, item)) origin.refuse(path, shown(node), "must be " + key->allowed);
    origin.given.insert(path);
  }
  if (!is_array_of_tables(name)) return;
  for (const Key& key : keys()) {  // of the other tables, check_case asks once all is read
    const bool needed = !key.required_for.empty() && table_of(key.path) == name;
    if (needed && !table.contains(key.path.substr(name.size() + 1))) {
      origin.refuse(key.path, "missing", "must be " + key.allowed);
    }
  }
}

void read_array(const toml::node& node, const std::string& name, Case& settings, Origin& origin) {
  const toml::array* const list = node.as_array();
  if (list == nullptr) origin.refuse(name, shown(node), fmt::format("must be an array of tables, [[{}]]", name));
  for (std::size_t item = 0; item < list->size(); ++item) {
    const toml::table* const table = list->get(item)->as_table();
    if (table == nullptr) origin.refuse(name, shown(*list->get(item)), fmt::format("must be a table, [[{}]]", name));
    if (name == "profile") settings.profiles.emplace_back();
    if (name == "expect") settings.expectations.emplace_back();
    read_table(*table, name, settings, item, origin);
  }
}

void read_root(const toml::table& root, Case& settings, Origin& origin) {
  for (const auto& [key_name, node] : root) {
    const std::string name(key_name.str());
    if (!is_table(name)) {
      const toml::table* const table = node.as_table();
      refuse_unknown(origin.file,
                     table == nullptr || table->empty() ? name : name + "." + std::string(table->begin()->first.str()));
    }
    if (is_array_of_tables(name)) {
      read_array(node, name, settings, origin);
    } else if (const toml::table* const table = node.as_table()) {
      read_table(*table, name, settings, 0, origin);
    } else {
      origin.refuse(name, shown(node), fmt::format("must be a table, [{}]", name));
    }
  }
}

std::string effective_json(const Case& settings) {
  Json json = Json::object();
  for (const Key& key : keys()) {
    const std::string table = table_of(key.path), name = key.path.substr(table.size() + 1);
    if (!is_array_of_tables(table)) {
      json[table][name] = key.write(settings, 0);
      continue;
    }
    Json& list = json[table];
    const std::size_t items = table == "profile" ? settings.profiles.size() : settings.expectations.size();
    if (list.is_null()) list = Json::array();
    for (std::size_t item = 0; item < items; ++item) {
      if (list.size() <= item) list.push_back(Json::object());
      list[item][name] = key.write(settings, item);
    }
  }
  return json.dump();
}

// --- from a file, on many ranks --------------------------------------------------------------------------------------

/// The bytes of @p path, or why there are none, as one line that begins with the path. Rank 0 only.
bool read_bytes(const std::string& path, std::string& bytes_or_error) {
  std::error_code ignored;
  const auto fail = [&](const std::string& why) {
    bytes_or_error = fmt::format("{}: {}", one_line(path, 4096), why);
    return false;
  };
  if (std::filesystem::is_directory(path, ignored)) return fail("is a directory: give the .toml file of a case");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(fmt::format("cannot be opened: {}", std::strerror(errno != 0 ? errno : EIO)));
  std::string bytes(most_bytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad()) return fail(fmt::format("cannot be read: {}", std::strerror(errno != 0 ? errno : EIO)));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.size() > most_bytes) return fail("is longer than 1 MiB: not a case file");
  bytes_or_error = std::move(bytes);
  return true;
}

/// Rank 0's @p text on every rank. Collective.
std::string broadcast(MPI_Comm comm, std::string text) {
  std::int64_t size = static_cast<std::int64_t>(text.size());
  check_mpi(MPI_Bcast(&size, 1, MPI_INT64_T, 0, comm));
  text.resize(static_cast<std::size_t>(size));
  check_mpi(MPI_Bcast(text.data(), static_cast<int>(size), MPI_CHAR, 0, comm));
  return text;
}

}  // namespace

void Origin::refuse(const std::string& path, const std::string& value, const std::string& allowed) const {
  const bool from_set = overridden.contains(path) || overridden.contains(table_of(path));
  const std::string middle = value.empty() ? "" : one_line(value) + ": ";
  throw UserError(fmt::format("{}:{}: {}{}", from_set ? "--set" : file, path, middle, allowed));
}

Case parse_case(const std::string& text, const std::string& file, const std::vector<std::string>& overrides) {
  toml::table root = parse_toml(text, file);
  Case settings;
  Origin origin{file, {}, {}};
  for (const std::string& override_text : overrides) apply_override(root, override_text, origin);
  read_root(root, settings, origin);
  check_case(settings, origin);
  settings.file = file;
  settings.text = text;
  settings.effective = effective_json(settings);
  return settings;
}

Case read_case(MPI_Comm comm, const std::string& path, const std::vector<std::string>& overrides) {
  const Communicator own = make_communicator(comm);  // so that a failure comes back to be checked
  int rank = 0;
  check_mpi(MPI_Comm_rank(own.get(), &rank));

  // 1. Every rank must mean the same: compare with what rank 0 was started with.
  std::string mine = path;
  for (const std::string& override_text : overrides) mine += '\0' + override_text;
  const std::string wanted = broadcast(own.get(), mine);
  int same = mine == wanted ? 1 : 0;
  check_mpi(MPI_Allreduce(MPI_IN_PLACE, &same, 1, MPI_INT, MPI_MIN, own.get()));
  const std::string file = wanted.substr(0, wanted.find('\0'));
  if (same == 0)
    throw UserError(one_line(file, 4096) + ": all ranks must be started with the same case file and --set values");

  if (file.empty()) throw UserError("the case file: its name is empty");

  // 2. Rank 0 reads, all parse.
  std::string bytes;
  int found = rank == 0 && read_bytes(path, bytes) ? 1 : 0;
  check_mpi(MPI_Bcast(&found, 1, MPI_INT, 0, own.get()));
  bytes = broadcast(own.get(), bytes);
  if (found == 0) throw UserError(bytes);
  return parse_case(bytes, path, overrides);
}

std::vector<CaseKey> case_keys() {
  Case defaults;
  defaults.profiles.emplace_back();
  defaults.expectations.emplace_back();
  std::vector<CaseKey> result;
  for (const Key& key : keys()) {
    std::string value = !key.required_for.empty() ? "required" : key.write(defaults, 0).dump();
    if (value == "\"inf\"") value = "inf";  // JSON has no infinity, TOML does
    result.push_back({key.path, key.unit, key.allowed, value});
  }
  return result;
}

std::vector<std::string> expectable_quantities() {
  std::vector<std::string> names;
  for (const Quantity& quantity : quantities()) {
    if (std::find(names.begin(), names.end(), quantity.name) == names.end()) names.push_back(quantity.name);
  }
  return names;
}

}  // namespace haloscope
