// Segments an image file and writes its mask as a PGM: segment IMAGE MASK.pgm
// c++ -std=c++17 segment.cpp -I ../../include -L LIBRARY -llungseg -o segment
#include <fstream>
#include <iostream>
#include <iterator>
#include <lungseg.hpp>

int main(int count, char **arguments) {
    if (count != 3) {
        std::cerr << "usage: segment IMAGE MASK.pgm\n";
        return 2;
    }
    try {
        std::ifstream input(arguments[1], std::ios::binary);
        if (!input) {
            std::cerr << "segment: " << arguments[1] << " cannot be read\n";
            return 2;
        }
        const std::vector<std::uint8_t> file{std::istreambuf_iterator<char>(input), {}};
        const lungseg::segmenter segmenter;
        const lungseg::result result = segmenter.segment(lungseg::encoded(file));
        const lungseg_statistics found = result.statistics();
        const std::vector<std::uint8_t> mask = result.mask();
        std::ofstream output(arguments[2], std::ios::binary);
        output << "P5\n" << found.width << ' ' << found.height << "\n255\n";
        output.write(reinterpret_cast<const char *>(mask.data()), std::streamsize(mask.size()));
        std::cout << found.area << " of " << found.width << " x " << found.height << " pixels are lung (" << lungseg::version() << ")\n";
    } catch (const lungseg::error &error) {
        std::cerr << "segment: " << error.what() << '\n';
        return 2;
    }
}
