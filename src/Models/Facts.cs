namespace LungSeg.Models;

/// <summary>
/// A network's row in the study's table 2: parameters in millions, multiply-accumulates in billions as its counter gave them
/// (which is not the true cost), and Dice on its test set.
/// </summary>
public sealed record PublishedFigures(double MillionParameters, double GigaMacs, double Dice);

/// <summary>The study's weights file (Zenodo, doi:10.5281/zenodo.8393555), to recognise it by.</summary>
public sealed record StudyCheckpoint(long FileSize, string Sha256);

/// <summary>How the study trained a network.</summary>
public sealed record TrainingRecipe(string Loss, string Optimizer, double LearningRate);
