// cgan: train a conditional GAN, sample from each of its classes, walk between them, fill a folder with labelled images.
//
//   cgan train --data fashion-mnist --out runs/mine       cgan sample runs/mine --label Bag --out bags.png
//   cgan train --out runs/mine --resume                   cgan generate runs/mine --n 10000 --out folder
//
// The nets, losses and tricks are in models/; the loop is train_gan() in apps/support/gan/train.cpp.
#include "apps/support/command/flags.h"
#include "apps/support/gan/ask.h"

int main(int argc, char** argv) {
  CLI::App app("Train a conditional GAN, sample from its classes, walk between them, fill a folder with labelled images.", "cgan");
  return duel::gan_main(argc, argv, app, true);
}
