// A profile as a table, as source with counters, as JSON and as a page.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "bench/sim_profile.h"
#include "kernels/error.h"

namespace duel::bench {
namespace {

std::string count_text(long long n) {  // 1,234,567
  std::string digits = std::to_string(n);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
  return digits;
}
std::string bytes_text(double bytes) {
  for (const char* unit : {"B", "kB", "MB"}) {
    if (bytes < 1000) return fmt::format("{:.4g} {}", bytes, unit);
    bytes /= 1000;
  }
  return fmt::format("{:.4g} GB", bytes);
}
std::string dim_text(const unsigned (&d)[3]) { return fmt::format("{}×{}×{}", d[0], d[1], d[2]); }

struct Cells {
  std::string what, buffer, requests, lanes, traffic, over;
};
Cells cells_of(const ProfiledSite& site) {
  const SiteCounts& c = site.counts;
  constexpr const char* kinds[] = {"load", "store", "atomic"};
  const bool global = c.space == MemorySpace::global;
  const long long units = global ? c.sectors : c.wavefronts, fewest = global ? c.fewest_sectors : c.fewest_wavefronts;
  return {fmt::format("{} {} B", kinds[static_cast<int>(c.kind)], c.bytes),
          global ? (site.buffer.empty() ? "?" : site.buffer) : "shared",
          count_text(c.requests),
          fmt::format("{:.1f}", static_cast<double>(c.lanes) / static_cast<double>(c.requests)),
          count_text(units) + (global ? " sectors" : " wavefronts"),
          fmt::format("{:.2f}×", static_cast<double>(units) / static_cast<double>(fewest))};
}

std::string product_text(const ProfiledProduct& product) {
  const ProductCounts& c = product.counts;
  return c.matrix ? fmt::format("{} matrix instructions, {} multiplies", count_text(c.lanes / 32), count_text(c.multiplies))
                  : fmt::format("{} multiplies", count_text(c.multiplies));
}
std::string occupancy_text(const ProfiledLaunch& launch) {
  const Occupancy o = occupancy_of(launch.shape);
  return fmt::format("{} {} a multiprocessor ({:.0f} % of its warps, if registers allow), {:.2f} waves of 132 multiprocessors", o.blocks,
                     o.blocks == 1 ? "block" : "blocks", 100 * o.share, o.waves);
}

std::string summary(const SimProfile& p) {
  std::string text;
  const auto line = [&](const char* name, const Traffic& t, bool global) {
    if (!t.requests) return;
    text += fmt::format("  {:<15} {:>12} requests, {:.1f} lanes each, {} {}, {:.2f}× the fewest{}\n", name, count_text(t.requests),
                        t.lanes_a_request(), count_text(t.units), global ? "sectors" : "wavefronts", t.over_fewest(),
                        global ? "" : fmt::format(" ({} bank conflicts)", count_text(t.units - t.fewest)));
  };
  line("global loads", p.traffic(MemorySpace::global, true), true);
  line("global stores", p.traffic(MemorySpace::global, false), true);
  line("shared loads", p.traffic(MemorySpace::shared, true), false);
  line("shared stores", p.traffic(MemorySpace::shared, false), false);
  if (p.multiplies(true) + p.multiplies(false)) {
    text += fmt::format("  {:<15} {:>12}", "multiplies", count_text(p.multiplies(true) + p.multiplies(false)));
    if (p.matrix_instructions()) text += fmt::format(", {} matrix instructions", count_text(p.matrix_instructions()));
    if (p.over_useful() > 0) text += fmt::format(", {:.3f}× the useful", p.over_useful());
    text += "\n";
  }
  text += fmt::format("  {:<15} {} asked of the caches; the problem needs {} at least ({:.2f}×)\n", "traffic", bytes_text(p.moved_bytes()),
                      bytes_text(p.minimum_bytes), p.moved_bytes() / std::max(1.0, p.minimum_bytes));
  return text;
}

std::string file_of(const std::string& where) { return where.substr(0, where.find(':')); }
int line_of(const std::string& where) {
  const size_t colon = where.find(':');
  return colon == std::string::npos ? 0 : std::atoi(where.c_str() + colon + 1);
}

struct OnLine {
  std::vector<const ProfiledSite*> sites;
  std::vector<const ProfiledProduct*> products;
};
// The files that were counted in, in order of appearance, with what each line did.
std::vector<std::pair<std::string, std::map<int, OnLine>>> by_line(const SimProfile& p) {
  std::vector<std::pair<std::string, std::map<int, OnLine>>> files;
  const auto at = [&](const std::string& where) -> OnLine& {
    const std::string file = file_of(where);
    auto found = std::find_if(files.begin(), files.end(), [&](const auto& f) { return f.first == file; });
    if (found == files.end()) found = files.insert(files.end(), {file, {}});
    return found->second[line_of(where)];
  };
  for (const ProfiledLaunch& launch : p.launches) {
    for (const ProfiledSite& site : launch.sites) at(site.where).sites.push_back(&site);
    for (const ProfiledProduct& product : launch.products) at(product.where).products.push_back(&product);
  }
  return files;
}

// The text of a file named in debug information: relative to the tree, or a path as it was compiled.
std::vector<std::string> lines_of(const std::string& file) {
  std::ifstream in;
  for (const std::string& path : {std::string(DUEL_SOURCE_DIR) + "/" + file, file})
    if (in.open(path); in) break;
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

}  // namespace

std::string profile_table(const SimProfile& p) {
  std::string text =
      fmt::format("{}  {}   counted on the simulated GPU, {} FLOP\n", p.row, p.problem, count_text(static_cast<long long>(p.flops)));
  int number = 0;
  for (const ProfiledLaunch& launch : p.launches) {
    text += fmt::format("\nlaunch {} of {}: grid {}, block {}, {} shared, {} barriers\n", ++number, p.launches.size(),
                        dim_text(launch.shape.grid), dim_text(launch.shape.block),
                        bytes_text(static_cast<double>(launch.shape.shared_bytes)), count_text(launch.shape.barriers));
    size_t width = 4;
    for (const ProfiledSite& site : launch.sites) width = std::max(width, site.where.size());
    for (const ProfiledProduct& product : launch.products) width = std::max(width, product.where.size());
    text += fmt::format("  {:<{}}  {:<11} {:<8} {:>12} {:>6} {:>24} {:>12}\n", "line", width, "access", "buffer", "requests", "lanes",
                        "traffic", "of fewest");
    for (const ProfiledSite& site : launch.sites) {
      const Cells c = cells_of(site);
      text += fmt::format("  {:<{}}  {:<11} {:<8} {:>12} {:>6} {:>24} {:>13}\n", site.where, width, c.what, c.buffer, c.requests, c.lanes,
                          c.traffic, c.over);
    }
    for (const ProfiledProduct& product : launch.products)
      text += fmt::format("  {:<{}}  {}\n", product.where, width, product_text(product));
    text += "  " + occupancy_text(launch) + "\n";
  }
  return text + "\nin all\n" + summary(p);
}

std::string profile_source(const SimProfile& p) {
  std::string text;
  for (const auto& [file, counted] : by_line(p)) {
    text += file + "\n";
    const std::vector<std::string> lines = lines_of(file);
    if (lines.empty()) text += "  (its text is not here)\n";
    for (size_t i = 0; i < lines.size(); ++i) {
      std::string beside;
      if (const auto found = counted.find(static_cast<int>(i) + 1); found != counted.end()) {
        for (const ProfiledSite* site : found->second.sites) {
          const Cells c = cells_of(*site);
          beside += fmt::format("{}{} {} {} {}", beside.empty() ? "" : "; ", c.buffer, c.what, c.traffic, c.over);
        }
        for (const ProfiledProduct* product : found->second.products) beside += (beside.empty() ? "" : "; ") + product_text(*product);
      }
      text += fmt::format("{:>4}  {}{}\n", i + 1, lines[i], beside.empty() ? "" : "\n      ^ " + beside);
    }
  }
  return text;
}

nlohmann::json profile_json(const SimProfile& p) {
  nlohmann::json launches = nlohmann::json::array();
  for (const ProfiledLaunch& launch : p.launches) {
    nlohmann::json sites = nlohmann::json::array();
    for (const ProfiledSite& site : launch.sites) {
      const SiteCounts& c = site.counts;
      constexpr const char* kinds[] = {"load", "store", "atomic"};
      nlohmann::json one{{"where", site.where},
                         {"kind", kinds[static_cast<int>(c.kind)]},
                         {"bytes", c.bytes},
                         {"requests", c.requests},
                         {"lanes", c.lanes}};
      if (c.space == MemorySpace::global)
        one.update({{"space", "global"}, {"buffer", site.buffer}, {"sectors", c.sectors}, {"fewest_sectors", c.fewest_sectors}});
      else one.update({{"space", "shared"}, {"wavefronts", c.wavefronts}, {"fewest_wavefronts", c.fewest_wavefronts}});
      sites.push_back(std::move(one));
    }
    nlohmann::json products = nlohmann::json::array();
    for (const ProfiledProduct& product : launch.products)
      products.push_back({{"where", product.where},
                          {"matrix", product.counts.matrix},
                          {"lanes", product.counts.lanes},
                          {"multiplies", product.counts.multiplies}});
    const Occupancy occupancy = occupancy_of(launch.shape);
    launches.push_back({{"grid", launch.shape.grid},
                        {"block", launch.shape.block},
                        {"shared_bytes", launch.shape.shared_bytes},
                        {"barriers", launch.shape.barriers},
                        {"blocks_a_multiprocessor", occupancy.blocks},
                        {"waves", occupancy.waves},
                        {"sites", std::move(sites)},
                        {"products", std::move(products)}});
  }
  return {{"row", p.row},
          {"problem", p.problem},
          {"flops", p.flops},
          {"minimum_bytes", p.minimum_bytes},
          {"sector_bytes", p.moved_bytes()},
          {"multiplies", p.multiplies(true) + p.multiplies(false)},
          {"matrix_instructions", p.matrix_instructions()},
          {"over_useful_multiplies", p.over_useful()},
          {"launches", std::move(launches)}};
}

std::string profile_page(const SimProfile& p) {
  std::string page = fmt::format(
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{0} "
      "{1}</title><style>"
      ":root{{color-scheme:light dark}}body{{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:1200px;padding:0 1.5em}}"
      "table{{border-collapse:collapse;font-variant-numeric:tabular-nums}}td,th{{padding:.2em .8em;text-align:right;border-bottom:1px "
      "solid #8884}}"
      "td:first-child,th:first-child,td:nth-child(2),td:nth-child(3){{text-align:left}}pre{{font:13px/1.5 "
      "ui-monospace,monospace;overflow-x:auto}}"
      ".bad{{color:#c8321a;font-weight:600}}.site{{opacity:.85;font-style:italic}}.hot{{background:#e8b00030}}</style><h1>{0}</h1><p>{1}, "
      "counted on the simulated GPU</p><pre>{2}</pre>",
      escaped(p.row), escaped(p.problem), escaped(summary(p)));
  int number = 0;
  for (const ProfiledLaunch& launch : p.launches) {
    page += fmt::format(
        "<h2>Launch {} of {}</h2><p>grid {}, block {}, {} of shared memory, {} "
        "barriers</p><table><tr><th>line<th>access<th>buffer<th>requests<th>lanes<th>traffic<th>of the fewest</tr>",
        ++number, p.launches.size(), dim_text(launch.shape.grid), dim_text(launch.shape.block),
        bytes_text(static_cast<double>(launch.shape.shared_bytes)), count_text(launch.shape.barriers));
    for (const ProfiledSite& site : launch.sites) {
      const Cells c = cells_of(site);
      page += fmt::format("<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td{}>{}</tr>", escaped(site.where), c.what, escaped(c.buffer),
                          c.requests, c.lanes, c.traffic, c.over == "1.00×" ? "" : " class=\"bad\"", c.over);
    }
    page += "</table><p>" + occupancy_text(launch) + "</p>";
  }
  for (const auto& [file, counted] : by_line(p)) {
    page += fmt::format("<h2>{}</h2><pre>", escaped(file));
    const std::vector<std::string> lines = lines_of(file);
    for (size_t i = 0; i < lines.size(); ++i) {
      const auto found = counted.find(static_cast<int>(i) + 1);
      page += fmt::format("<span{}>{:>4}  {}</span>\n", found == counted.end() ? "" : " class=\"hot\"", i + 1, escaped(lines[i]));
      if (found == counted.end()) continue;
      for (const ProfiledProduct* product : found->second.products)
        page += fmt::format("<span class=\"site\">      ↑ {}</span>\n", product_text(*product));
      for (const ProfiledSite* site : found->second.sites) {
        const Cells c = cells_of(*site);
        page += fmt::format("<span class=\"site\">      ↑ {} {}: {}, <b{}>{}</b> of the fewest</span>\n", escaped(c.buffer), c.what,
                            c.traffic, c.over == "1.00×" ? "" : " class=\"bad\"", c.over);
      }
    }
    page += "</pre>";
  }
  return page + "</html>\n";
}

}  // namespace duel::bench
